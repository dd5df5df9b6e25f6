"""A slider where somebody can drive it, the same small multiples everywhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, bars, names, panel, part, picture_of
from matplotlib.figure import Figure

from prvr_lite.course import slider as core
from prvr_lite.course.lesson01.bags_widget import (
    TEMPERATURES,
    Bag,
    bag_explorer,
    bag_picture,
    bag_score,
    in_words,
)
from prvr_lite.course.lesson06.key_clip_widget import guided_attention
from prvr_lite.course.lesson07.losses_widget import Pull, loss_columns
from prvr_lite.course.slider import can_slide, image_html, slider
from prvr_lite.plots import alt_text, timed_thumbnails
from prvr_lite.plots.page import Picture, new_picture

FOREST, STAGE = [0.5, 0.4, 0.5, 0.4], [0.1, 0.9, 0.0]
FILMS = {"forest": Bag(FOREST), "stage": Bag(STAGE, right=True, moment=(1 / 3, 2 / 3))}


def page(name: object) -> Picture:
    return new_picture(3, 2, alt=f"page “{name}” & more")


def example(**changes: Any) -> Any:
    settings = {"values": [1, 2, 3], "label": "number", "static": lambda: page("all")}
    return slider(page, **{**settings, **changes})


@pytest.mark.parametrize(("said", "able"), [("1", False), ("0", True), ("", False)])
def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, said: str, able: bool) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(core.STATIC, said)
    assert can_slide() is able


def test_no_slider_without_ipywidgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(core.STATIC, "0")
    monkeypatch.setattr(core, "find_spec", lambda name: None)
    assert not can_slide()


def test_no_slider_without_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(core.STATIC, raising=False)
    assert not can_slide()
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not can_slide()


def test_the_front_end_says_whether_somebody_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real kernel, asked as JupyterLab and Colab ask (input is possible) and as nbclient does."""
    pytest.importorskip("ipywidgets")
    manager = pytest.importorskip("jupyter_client.manager")
    monkeypatch.delenv(core.STATIC, raising=False)
    kernel = manager.KernelManager(kernel_name="python3")
    if os.name == "posix":  # ports are chosen before they are bound: two tests collide
        kernel.transport, kernel.ip = "ipc", f"{tmp_path}/kernel"
    kernel.start_kernel()
    client = kernel.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    said: dict[bool, str] = {}
    try:
        for asks in (True, False):
            heard: list[str] = []

            def hear(message: dict[str, Any], heard: list[str] = heard) -> None:
                heard.append(message["content"].get("text", ""))

            code = "from prvr_lite.course.slider import can_slide; print(can_slide())"
            client.execute_interactive(code, allow_stdin=asks, output_hook=hear, timeout=120)
            said[asks] = "".join(heard).strip()
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert said == {True: "True", False: "False"}


def test_where_nothing_slides_the_small_multiples_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(core.STATIC, "1")
    assert alt_text(example()) == "page “all” & more"


def test_the_slider_redraws_and_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(core.STATIC, "0")
    drawn: list[int] = []

    def draw(value: int) -> Picture:
        drawn.append(value)
        return page(value)

    control, view = slider(
        draw, values=[1, 2, 3], label="number", start=2, in_words="no. {}".format,
        static=lambda: page("all"),
    ).children  # fmt: skip
    assert control.description == "number"
    assert [text for text, _ in control.options] == ["no. 1", "no. 2", "no. 3"]
    assert "page “2” &amp; more" in view.value
    for i in (0, 2, 0, 1):
        control.index = i
        assert f"page “{i + 1}” &amp; more" in view.value
    assert drawn == [2, 1, 3]
    assert example().children[0].index == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": 9}, "'number' can't start at 9"),
    ],
)
def test_sliders_that_make_no_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        example(**changes)


def test_images_carry_their_words() -> None:
    html = image_html(page('"<b>"'))
    assert 'alt="page “&quot;&lt;b&gt;&quot;” &amp; more"' in html
    assert "width:300px" in html
    assert image_html(page("a"), "<svg></svg>").endswith("<svg></svg></div>")


# ----------------------------------------------------------------------------- the bag explorer


def test_bag_score_goes_from_mean_to_max() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=7)
    found = [bag_score(score, t)[0] for t in TEMPERATURES]
    assert found == sorted(found)
    assert found[0] == pytest.approx(score.mean())
    assert found[-1] == score.max()
    assert bag_score(score, 1e6)[0] == pytest.approx(score.mean(), abs=1e-5)
    assert bag_score(score, 1e-6)[0] == pytest.approx(score.max(), abs=1e-4)
    t = 0.3
    assert bag_score(score, t)[0] == pytest.approx(t * np.log(np.exp(score / t).mean()))


@pytest.mark.parametrize("temperature", [0.2, float("inf")])
def test_weights_are_the_derivative(temperature: float) -> None:
    score, step = np.array([0.3, -0.2, 0.9, 0.1]), 1e-6
    _, weight = bag_score(score, temperature)
    for i in range(4):
        moved = score + step * (np.arange(4) == i)
        slope = (bag_score(moved, temperature)[0] - bag_score(score, temperature)[0]) / step
        assert weight[i] == pytest.approx(slope, abs=1e-4)
    assert bag_score(score, 0)[1].tolist() == [0, 0, 1, 0]


def test_the_picture_shows_who_wins() -> None:
    figure = bag_picture(FILMS, [float("inf"), 0.1, 0.0], query="An owl plays the trumpet.")
    assert names(figure)[:3] == ["frames forest", "weights forest", "scores forest"]
    assert "mean: forest wins; τ = 0.1: stage wins; max: stage wins" in said(figure)
    assert "max: forest 0.500, stage 0.900" in alt_text(figure)
    assert part(panel(figure, "frames stage"), "score").get_data().values.tolist() == STAGE
    lengths = [bars(panel(figure, f"scores {name}"))["score"][0][1] for name in FILMS]
    mean = [np.mean(FOREST), np.mean(STAGE)]
    assert lengths[1] / lengths[0] == pytest.approx(mean[1] / mean[0])


def said(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize("temperatures", [[0.1], [float("inf"), 0.05, 0.0]])
def test_the_picture_is_readable(temperatures: list[float]) -> None:
    strip = timed_thumbnails([picture_of((200, 0, 0)), picture_of((0, 0, 200))], 1.0)
    films = {
        "a_film_$5 " * 12: Bag(np.linspace(-1, 1, 64), thumbnails=strip),
        "test_001b": Bag([0.0, 0.0], True, strip, (0.2, 0.3)),
        "bare": Bag([-3.0]),
    }
    figure = bag_picture(films, temperatures, query="Who plays what, and where? " * 6)
    assert_readable(figure)
    assert "strip test_001b" in names(figure)


def test_the_explorer_steps_through_temperatures(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(core.STATIC, "1")
    assert alt_text(bag_explorer(FILMS, query="An owl?")).count("forest") == 3
    monkeypatch.setenv(core.STATIC, "0")
    control, view = bag_explorer(FILMS, query="An owl?").children
    assert [text for text, _ in control.options] == [in_words(t) for t in TEMPERATURES]
    assert (in_words(TEMPERATURES[0]), in_words(TEMPERATURES[-1])) == ("mean", "max")
    before = view.value
    control.index = 1
    assert view.value != before
    assert in_words(0.25) == "τ = 0.25"


@pytest.mark.parametrize(
    ("films", "temperatures", "message"),
    [
        ({"x": Bag([0.1, float("nan")])}, [0.1], "score of 'x' must be finite"),
    ],
)
def test_bags_that_make_no_sense(films: Any, temperatures: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bag_picture(films, temperatures, query="An owl?")


@pytest.mark.parametrize(
    ("draw", "values"),
    [
        (lambda t: bag_picture(FILMS, [t], query="An owl?"), (float("inf"), 0.05, 0.0)),
        (
            lambda name: guided_attention(
                [[1.0, 0.0]], [(0, 5)], duration=9.0, names=[name], moments=[None], title="Looks"
            ),
            ("0–5 s", "10.0–15.0 s, the key clip"),
        ),
        (
            lambda margin: loss_columns(
                [Pull(np.array([0.5, 0.4]), np.array([0.3, 0.1]), margin, scale=6.0)]
            ),
            (0.0, 0.1, 0.6),
        ),
    ],
)
def test_nothing_moves_but_what_the_slider_changes(draw: Any, values: tuple[Any, ...]) -> None:
    """The page keeps its size and each panel its place, whatever is written beside it."""
    places = set()
    for value in values:
        figure = draw(value)
        figure.draw_without_rendering()
        boxes = [tuple(axes.get_position().bounds) for axes in figure.axes]
        places.add((tuple(figure.get_size_inches()), tuple(np.round(boxes, 3).ravel())))
    assert len(places) == 1
