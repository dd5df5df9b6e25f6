"""The page that searches without Python: the same ranking, in a browser, from disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import toy_table

pytest.importorskip("matplotlib")

from jupyter_lab import browser, console_errors, resize

from prvr_lite.config import PRESETS, ModelConfig
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features
from prvr_lite.lab.search_page import (
    Sentences,
    split_sentences,
    write_search_page,
)
from prvr_lite.model.registry import build_model
from prvr_lite.search.searcher import Searcher

READY = "return document.body.dataset.ready"
RANKED = """
return arguments[0].map(i => searchPage.rank(i, page.alpha).map(one => [one.film, one.score]));
"""
SIZE = "return [document.documentElement.scrollWidth, innerWidth]"
EVIL = 'A dog says </script><script>document.title = "broken"</script> & "hello".'


def sample_searcher(name: str = "mssl++") -> tuple[Searcher, Dataset]:
    dataset = load_sample()
    config = PRESETS["sample"].model_config(dataset.visual_dim, dataset.query_dim)
    return Searcher.of_split(build_model(name, config, seed=0), dataset), dataset


def opened(driver: Any, path: Path, width: int = 1200, height: int = 1000) -> None:
    resize(driver, width, height)
    driver.get(path.as_uri())
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 30, poll_frequency=0.1).until(lambda _: driver.execute_script(READY))


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser() as one:
        yield one


@pytest.mark.slow
def test_a_browser_ranks_as_the_package_does(driver: Any, tmp_path: Path) -> None:
    searcher, dataset = sample_searcher()
    sentences = split_sentences(searcher, dataset)
    path = write_search_page(tmp_path / "search.html", searcher, dataset, sentences)
    assert path.stat().st_size < 8e6
    opened(driver, path)
    asked = torch.randperm(len(sentences.text), generator=torch.Generator().manual_seed(0))[:50]
    ours = searcher.score_vectors(sentences.vectors[asked]).fused(searcher.model.config.alpha)
    for row, page in zip(ours, driver.execute_script(RANKED, asked.tolist()), strict=True):
        films, scores = torch.tensor([one[0] for one in page]), torch.tensor([s for _, s in page])
        assert sorted(films.tolist()) == list(range(len(searcher)))
        assert (row[films] - scores).abs().max() < 1e-3
        assert (row[films].diff() < 1e-3).all()  # best first, but for films that are that close
    every = driver.execute_script("return searchPage.cosines(arguments[0], 7)", int(asked[0]))
    units = searcher.model.encode_units(_unit_input(dataset, searcher, 7))
    clips = torch.nn.functional.normalize(_clips(units)[0], dim=-1)
    query = torch.nn.functional.normalize(sentences.vectors[asked[0]], dim=-1)
    assert (clips @ query - torch.tensor(every)).abs().max() < 1e-3
    assert len(every) == 528
    assert console_errors(driver) == []


def _unit_input(dataset: Dataset, searcher: Searcher, film: int) -> torch.Tensor:
    from prvr_lite.data.batches import InputReader

    return InputReader(dataset, searcher.model.config).videos(dataset.videos_in("test")[[film]])[0]


def _clips(units: torch.Tensor) -> torch.Tensor:
    from prvr_lite.model.clips import multi_scale_clips

    return multi_scale_clips(units)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Toy films of which the captions hurt, and one film has no length."""
    table = toy_table(videos=12)
    table.query_text[14] = EVIL
    table.duration[8] = float("nan")
    table.moment[table.query_video == 8] = float("nan")
    path = tmp_path_factory.mktemp("toy") / "toy.h5"
    write_features(path, table)
    return open_features(path)


def toy_page(toy: Dataset, path: Path, **settings: Any) -> tuple[Path, Sentences]:
    config = ModelConfig(toy.visual_dim, toy.query_dim, hidden_dim=16, num_units=8, num_clusters=4)
    searcher = Searcher.of_split(build_model("mssl++", config, seed=0), toy)
    sentences = split_sentences(searcher, toy)
    return write_search_page(path, searcher, toy, sentences, **settings), sentences


@pytest.mark.slow
def test_keys_and_a_narrow_window_are_enough(driver: Any, tmp_path: Path, toy: Dataset) -> None:
    path, sentences = toy_page(toy, tmp_path / "toy.html", films=tmp_path / "my films #1", first=1)
    opened(driver, path, 400, 1600)
    assert "broken" not in driver.title
    box = driver.find_element("id", "ask")
    assert box.get_attribute("value") == sentences.text[1]
    box.click()
    assert len(driver.find_elements("css selector", "#offers li")) == len(sentences.text)
    box.send_keys("dog says </scr", "\ue015", "\ue007")  # arrow down, Enter
    assert box.get_attribute("value") == EVIL
    assert driver.find_element("id", "map-about").text.startswith(f"“{EVIL}”")
    rows = driver.find_elements("css selector", "#films button")
    rows[1].send_keys("\ue007")
    pressed = driver.find_elements("css selector", "#films button[aria-pressed=true]")
    assert [row.get_attribute("aria-label")[:2] for row in pressed] == ["2."]
    driver.find_element("id", "map").send_keys("\ue013")  # arrow up: a longer clip
    assert driver.find_element("id", "said").text.startswith("Clip from ")
    before = driver.find_element("id", "films").text
    driver.find_element("id", "alpha").send_keys("\ue011")  # Home: frames alone
    assert driver.find_element("id", "films").text != before
    link = driver.find_element("css selector", "#map-about a").get_attribute("href")
    assert "/my%20films%20%231/" in link
    wide, room = driver.execute_script(SIZE)
    assert wide <= room == 400
    assert console_errors(driver) == []


def test_the_page_holds_captions_safely_and_links_to_films(tmp_path: Path, toy: Dataset) -> None:
    path, _ = toy_page(toy, tmp_path / "toy.html", films=tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert "http" not in text.replace("http://www.w3.org/", "")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    assert EVIL in [one["text"] for one in data["sentences"]]
    assert data["films"][0]["link"] == (tmp_path / data["films"][0]["id"]).as_uri()


def test_a_typed_sentence_comes_first_and_a_known_one_keeps_its_film() -> None:
    known = Sentences(["a", "b"], torch.eye(2), [[0], [1]], [None, (1, 0.0, 2.0)])
    typed = known.after("c", torch.ones(1, 2))
    assert (typed.text, typed.right, typed.moment) == (
        ["c", "a", "b"],
        [[], [0], [1]],
        [None, None, (1, 0.0, 2.0)],
    )
    again = known.after("b", torch.ones(1, 2))
    assert (again.text, again.right) == (["b", "a"], [[1], [0]])
    assert again.vectors.tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "text"), [("mean-pool", "has no clips"), ("mssl", "keeps every clip")]
)
def test_models_without_a_page_are_refused(
    name: str, text: str, tmp_path: Path, toy: Dataset
) -> None:
    config = ModelConfig(toy.visual_dim, toy.query_dim, hidden_dim=16, num_units=8)
    searcher = Searcher.of_split(build_model(name, config, seed=0), toy)
    sentences = split_sentences(searcher, toy)
    with pytest.raises(ValueError, match=text):
        write_search_page(tmp_path / "no.html", searcher, toy, sentences)
    assert list(tmp_path.iterdir()) == []
