"""The search explorer: every control does one thing, and nothing jumps or is encoded twice."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, picture_of
from PIL import Image
from toy import SMALL, toy_table

from prvr_lite.course import slider
from prvr_lite.course.lesson09.search_widget import OWN, PLACES, search_explorer, shown_films
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.lab.explorer import Explorer
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.registry import build_model
from prvr_lite.plots import alt_text
from prvr_lite.search.evaluation import evaluate

IMAGE = re.compile('base64,([^"]*)" alt="([^"]*)"')
WORDS = ("owl", "cat", "ghost", "sings", "sleeps", "dances", "here")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """Ten toy films to search, with thumbnails, and captions of as many words as features."""
    table, rng = toy_table(videos=24), np.random.default_rng(3)
    table.splits = {"train": np.arange(14), "test": np.arange(14, 24)}
    counts = np.diff(table.word_offset)
    table.query_text = [" ".join(rng.choice(WORDS, count)) for count in counts]
    table.thumbnail = [picture_of((i % 256, 90, 120), (8, 8)) for i in range(len(table.frame))]
    table.step_query = np.arange(28, 48, 2).repeat(2)
    start = table.moment[28::2, 0]
    table.step_span = np.stack([start, start + 0.5, start + 0.5, start + 1], 1).reshape(-1, 2)
    path = tmp_path_factory.mktemp("films") / "films.h5"
    write_features(path, table)
    with open_features(path) as dataset:
        yield dataset


@pytest.fixture(scope="module")
def model() -> MSSLpp:
    made = build_model("mssl++", SMALL, seed=1)
    assert isinstance(made, MSSLpp)
    return made


@pytest.fixture(scope="module")
def explorer(model: MSSLpp, films: Dataset) -> Explorer:
    return Explorer(model, films)


# ------------------------------------------------------------------------------- the explorer


def test_rows_and_alphas_rank_as_the_evaluation_does(model: MSSLpp, films: Dataset) -> None:
    test = evaluate(model, films)
    of_split, of_test = Explorer(model, films), Explorer(model, films, test)
    assert np.array_equal(of_split.relevant, of_test.relevant)
    for row in (0, 7, 19):
        for alpha in (0.0, 0.3, 1.0, None):
            fused = test.similarity.fused(model.config.alpha if alpha is None else alpha)[row]
            hits = of_split.hits(row, alpha=alpha)
            assert [hit.video for hit in hits] == fused.argsort(descending=True).tolist()
            assert hits == of_test.hits(row, alpha=alpha)
            right = [hit.video for hit in hits if of_split.is_right(row, hit)]
            assert right == np.flatnonzero(test.relevant[row]).tolist()


def test_the_right_film_is_shown_wherever_it_ranks(explorer: Explorer) -> None:
    late = 0
    for row in range(20):
        hits = explorer.hits(row)
        rank = next(hit.rank for hit in hits if explorer.is_right(row, hit))
        shown = [hit.rank for hit in explorer.shown(row, top=3)]
        assert shown == [1, 2, 3] + [rank] * (rank > 3)
        six = [hit.rank for hit in shown_films(explorer, explorer.query(row))]
        assert six == ([1, 2, 3, 4, 5, rank] if rank > PLACES else [1, 2, 3, 4, 5, 6])
        late += rank > PLACES
    assert 0 < late < 20


def test_any_film_can_be_mapped(explorer: Explorer, model: MSSLpp, films: Dataset) -> None:
    own = int(films.query_video[explorer.queries[4]])
    other = next(int(video) for video in explorer.videos if video != own)
    units, frames, mask = explorer.reader.videos([other])
    with torch.inference_mode():
        vector = model.encode_queries(*explorer.reader.queries(explorer.queries[4:5]))[0]
        clips = model.all_clips(units)[0]
        encoding = model.encode_videos(units, frames, mask)
    cosine = torch.cosine_similarity(clips, vector, dim=-1)
    torch.testing.assert_close(explorer.scores(4, other), cosine)
    kept = encoding.clip_index[0]
    key = int(kept[cosine[kept].argmax()])
    picture = explorer.map(4, other)
    grid = part(panel(picture, "map"), "clips")
    np.testing.assert_allclose(grid.get_array(), cosine, atol=1e-6)
    unit = float(films.duration[other]) / SMALL.num_units
    (star,) = part(panel(picture, "map"), "key clip").get_xydata()
    assert star[0] == pytest.approx(clip_spans(SMALL.num_units)[key].float().mean() * unit)
    assert "true moment" not in alt_text(picture)
    attention = part(panel(picture, "attention"), "attention").get_ydata()
    assert attention.sum() == pytest.approx(1, abs=1e-5)
    assert grid.get_clim() == part(panel(explorer.map(4), "map"), "clips").get_clim()


def test_the_moment_is_shown_in_its_own_film_unless_hidden(explorer: Explorer) -> None:
    (start, end), own = explorer.dataset.moment[explorer.queries[4]], explorer.map(4)
    assert f"true moment is {start:.1f}–{end:.1f} s" in alt_text(own)
    assert [p.get_label() for p in panel(own, "map").patches].count("step") == 2
    hidden = explorer.map(4, moment=False)
    assert "true moment" not in alt_text(hidden)
    assert not {"step", "moment"} & {p.get_label() for p in panel(hidden, "map").patches}
    assert "true moment" in alt_text(explorer.ranking(4))
    assert "true moment" not in alt_text(explorer.ranking(4, moment=False))


def test_a_typed_sentence_ranks_without_a_right_film(explorer: Explorer) -> None:
    typed = explorer.typed(" owl sings ")
    assert typed.text == "owl sings"
    words = explorer.vocabulary.encode("owl sings")
    assert explorer.hits(typed) == explorer.index.search(words, len(explorer.index))
    assert not any(explorer.is_right(typed, hit) for hit in explorer.hits(typed))
    assert "<-" not in explorer.first(typed)
    assert "right" not in alt_text(explorer.ranking(typed))
    assert "“owl sings”" in alt_text(explorer.map(typed, int(explorer.videos[0])))
    with pytest.raises(ValueError, match="a typed query has no film of its own"):
        explorer.map(typed)


def test_nothing_is_encoded_twice(
    model: MSSLpp, films: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer, seen = Explorer(model, films), []
    for name in ("encode_videos", "encode_queries", "all_clips"):
        plain = getattr(model, name)

        def noted(*inputs: Any, plain: Any = plain, name: str = name) -> Any:
            seen.append(name)
            return plain(*inputs)

        monkeypatch.setattr(model, name, noted)
    video = int(explorer.videos[0])
    for moment in (True, False, True):
        explorer.map(2, video, moment=moment)
        explorer.ranking(2, alpha=0.2)
    assert seen.count("encode_queries") == 1
    assert seen.count("encode_videos") == seen.count("all_clips") <= 7  # it, and six for the scale


# ------------------------------------------------------------------------- where nothing slides


@pytest.mark.parametrize("start", [None, 5, 8, 11])
def test_static_shows_three_films(
    model: MSSLpp, films: Dataset, explorer: Explorer, start: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(slider.STATIC, "1")
    picture = search_explorer(model, films, start=start)
    row = start or 0
    rank = next(hit.rank for hit in explorer.hits(row) if explorer.is_right(row, hit))
    third = rank if rank > 3 else 3
    told = [name.split(",")[0] for name in names(picture) if name.startswith("rank")]
    assert told == ["rank 1", "rank 2", f"rank {third}"]
    (right,) = [name for name in names(picture) if name.startswith("rank") and "right" in name]
    assert right.startswith(f"rank {rank},")
    own = int(films.query_video[explorer.queries[row]])
    scale = SMALL.num_units / float(films.duration[own])
    corners = part(panel(picture, right), "moment").get_xy()[[0, 2], 0]
    np.testing.assert_allclose(corners / scale, films.moment[explorer.queries[row]], atol=1e-4)
    assert panel(picture, f"film {right}").images
    assert_readable(picture)


@pytest.mark.parametrize("start", [-1, 20])
def test_queries_that_make_no_sense(model: MSSLpp, films: Dataset, start: int) -> None:
    with pytest.raises(ValueError, match=rf"query {start} does not exist: test has rows 0\.\.19"):
        search_explorer(model, films, start=start)


# ------------------------------------------------------------------------- where somebody slides


@dataclass
class Page:
    """The parts of the live explorer, and what its two pictures say."""

    own: Any
    said: Any
    listed: Any
    alpha: Any
    truth: Any
    films: Any
    ranking: Any
    map: Any
    size: tuple[tuple[int, int], ...] = ()

    def told(self) -> tuple[str, str]:
        """Alternative texts of ranking and map; their sizes must be what they always were."""
        shown = [IMAGE.search(part.value) for part in (self.ranking, self.map)]
        sizes = tuple(Image.open(BytesIO(b64decode(one[1]))).size for one in shown if one)
        self.size = self.size or sizes
        assert sizes == self.size, "the page below jumps"
        first, second = (one[2] for one in shown if one)
        return first, second

    def labels(self) -> list[str]:
        return [label for label, _ in self.films.options]


@pytest.fixture
def page(model: MSSLpp, films: Dataset, monkeypatch: pytest.MonkeyPatch) -> Page:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(slider.STATIC, "0")
    monkeypatch.setattr("prvr_lite.course.lesson09.search_widget.LISTED", 5)
    parts = search_explorer(model, films, start=4).children
    own, said, listed, turned, ranking, buttons, shown = parts
    return Page(own, said, listed, *turned.children, buttons, ranking, shown)


def test_it_opens_with_the_first_film_of_its_query(page: Page, explorer: Explorer) -> None:
    ranking, shown = page.told()
    assert page.listed.label == explorer.query(4).text
    assert [row for _, row in page.listed.options] == [-1, 0, 4, 9, 14, 19]
    assert page.alpha.value == explorer.model.config.alpha
    first = explorer.hits(4)[0].video_id
    assert f"1. {first}, " in ranking
    assert "its map below" in ranking.split(";")[0]
    assert f"of video {first}:" in shown
    assert len(page.labels()) == PLACES
    assert sum("right" in label for label in page.labels()) == 1
    assert "search-map" in page.map._dom_classes


def test_every_query_can_be_chosen(page: Page, explorer: Explorer) -> None:
    for row in (0, 19, 9, 4):
        page.listed.value = row
        ranking, shown = page.told()
        assert f"“{explorer.query(row).text}”" in ranking
        assert f"of video {explorer.hits(row)[0].video_id}:" in shown
        assert page.labels()[0].startswith("1")
    before = page.told()
    page.listed.value = -1  # "none of these": nothing to search for
    assert page.told() == before


@pytest.mark.parametrize("alpha", [0.0, 1.0, 0.3])
def test_alpha_ranks_anew_and_keeps_the_chosen_film(
    page: Page, explorer: Explorer, alpha: float
) -> None:
    _, shown = page.told()
    chosen = page.films.value
    page.alpha.value = alpha
    ranking, after = page.told()
    hits = explorer.hits(4, alpha=alpha)
    assert f"1. {hits[0].video_id}, score {hits[0].score:.2f}" in ranking
    still = next(hit for hit in hits if explorer.videos[hit.video] == chosen).rank <= PLACES
    assert still == (after == shown)
    assert ranking.count("its map below") == 1


def test_every_button_shows_its_film(page: Page, explorer: Explorer) -> None:
    right = explorer.dataset.query_video[explorer.queries[4]]
    for label, video in page.films.options:
        page.films.value = video
        ranking, shown = page.told()
        assert f"of video {explorer.dataset.video_id[video]}:" in shown
        assert ("The true moment is" in shown) == ("right" in label) == (video == right)
        marked = next(told for told in ranking.split(";") if "its map below" in told)
        assert explorer.dataset.video_id[video] in marked


def test_the_true_moment_can_be_hidden(page: Page) -> None:
    page.films.value = next(video for label, video in page.films.options if "right" in label)
    before = page.told()
    page.truth.value = False
    assert all("true moment" in text for text in before)
    assert not any("true moment" in text for text in page.told())
    page.truth.value = True
    assert page.told() == before


def test_a_sentence_of_ones_own(page: Page, explorer: Explorer) -> None:
    page.own.value = "Here owl sings"
    ranking, shown = page.told()
    assert "“Here owl sings”" in ranking
    assert "right" not in ranking
    assert "true moment" not in ranking + shown
    assert page.labels() == [str(rank) for rank in range(1, PLACES + 1)]
    assert page.said.value == OWN
    assert page.listed.value == -1
    page.listed.value = 4  # the one that was there before
    assert f"“{explorer.query(4).text}”" in page.told()[0]
    assert (page.own.value, page.said.value) == ("", "")


def test_unknown_words_change_nothing_else(page: Page) -> None:
    before, labels = page.told(), page.labels()
    page.own.value = "<b>owls</b> sing"
    assert "no caption has the word “owls”: did you mean owl?" in page.said.value
    assert "“sing”: did you mean sings?" in page.said.value
    assert (page.told(), page.labels()) == (before, labels)
    assert page.listed.value == 4
    page.own.value = "?"
    assert page.said.value.startswith("type a sentence first")
    page.own.value = " "
    assert page.told() == before


def test_states_seen_before_are_not_drawn_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.truth.value = False
    monkeypatch.setattr(
        "prvr_lite.course.lesson09.search_widget.image_html", lambda picture: "drawn"
    )
    page.truth.value = True
    assert "drawn" not in (page.ranking.value, page.map.value)
    page.truth.value = False
    assert "drawn" not in (page.ranking.value, page.map.value)
    page.alpha.value = 0.1
    assert page.ranking.value == "drawn"


def test_forty_queries_are_listed_unless_told(
    model: MSSLpp, films: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(slider.STATIC, "0")
    monkeypatch.setattr("prvr_lite.course.lesson09.search_widget.LISTED", 5)
    listed = search_explorer(model, films).children[2]
    assert [row for _, row in listed.options] == [-1, 0, 4, 9, 14, 19]
    listed = search_explorer(model, films, start=7).children[2]
    assert [row for _, row in listed.options] == [-1, 7, 0, 4, 9, 14, 19]
    assert listed.value == 7
