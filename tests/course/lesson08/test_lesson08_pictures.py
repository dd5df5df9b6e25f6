"""The pictures of lesson 8: the whole model, a run among seeds, curves that grow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, words

from prvr_lite.course.lesson08.live_curves_widget import (
    epoch_curves,
    live_curves,
    progress_line,
    time_left,
)
from prvr_lite.course.lesson08.model_flow import ARROWS, BOXES, model_flow
from prvr_lite.course.pictures.seed_band import run_band, seed_band
from prvr_lite.course.slider import STATIC
from prvr_lite.plots import alt_text
from prvr_lite.training.fit import History

SHAPES = {"words": (25, 22, 72), "query": (25, 192), "S_f": (25, 6)}
SEEDS = {
    "MS-SL++": {"R@1": [51.0, 52.0, 51.5], "SumR": [330.0, 332.0, 331.0]},
    "a baseline with a long name": {"R@1": [15.0, 16.0], "SumR": [214.0, 215.0]},
}
ROWS = [{"loss": 2.0 - i, "R@1": 10.0 + i, "SumR": 200.0 + 9 * i, "epoch": i} for i in range(2)]


# ------------------------------------------------------------------------------ the whole model


def test_the_flow_names_every_tensor_and_its_shape() -> None:
    figure = model_flow(SHAPES)
    said = [text for text, _ in words(figure)]
    assert "25×22×72" in said
    assert sum("×" in text for text in said) == len(SHAPES)
    assert any("25 queries of at most 22 words" in text for text in said)
    boxes = {patch.get_label() for patch in panel(figure, "flow").patches}
    assert boxes >= set(BOXES)
    assert "query [25, 192]" in alt_text(figure)
    assert_readable(figure)


def test_the_flow_ends_in_the_score() -> None:
    """From every input an arrow leads on, and all roads lead to S."""
    ahead = {one: {b for a, b in ARROWS if a == one} for one in BOXES}
    for name in BOXES:
        reached, fresh = {name}, {name}
        while fresh:
            fresh = set().union(*(ahead[one] for one in fresh)) - reached
            reached |= fresh
        assert "S" in reached, name
    assert {"S_c, key clip", "S_f"} <= ahead["query"], "both scales compare with the query"


def test_the_flow_refuses_unknown_boxes() -> None:
    with pytest.raises(
        ValueError, match="'clips' is not a box: choose from unit inputs, units, all clips"
    ):
        model_flow({"clips": (1, 2)})


# ------------------------------------------------------------------------------ one run among seeds


def test_the_band_is_students_prediction_interval() -> None:
    """Values by hand: mean 51.5, s 0.5, t(2) 4.303: half = 4.303 · 0.5 · √(4/3) = 2.484."""
    low, high = run_band([51.0, 52.0, 51.5])
    assert (low, high) == pytest.approx((51.5 - 2.4843, 51.5 + 2.4843), abs=1e-3)


def test_the_band_holds_19_of_20_further_runs() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(50, 3, (4000, 6))
    bands = [run_band(row[:5].tolist()) for row in drawn]
    held = np.mean([low <= row[5] <= high for row, (low, high) in zip(drawn, bands, strict=True)])
    assert held == pytest.approx(0.95, abs=0.015)


def test_an_own_run_is_placed_and_judged() -> None:
    own = {"MS-SL++": {"R@1": 51.8, "SumR": 300.0}}
    figure = seed_band(SEEDS, own)
    assert names(figure) == ["R@1", "SumR"]
    low, high = run_band(SEEDS["MS-SL++"]["R@1"])
    band = panel(figure, "R@1").containers[0][0]  # of the first row
    assert (band.get_x(), band.get_width()) == pytest.approx((low - 51.5, high - low))
    assert part(panel(figure, "R@1"), "own").get_xdata()[0] == pytest.approx(0.3)
    inside, outside = (part(panel(figure, m), "own").get_color() for m in ("R@1", "SumR"))
    assert inside != outside
    assert "own run 300.0" in alt_text(figure)
    assert alt_text(figure).count("own run") == 2
    assert_readable(figure)


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ({}, "must hold a model with a metric"),
        ({"a": {"R@1": [1.0]}}, "'a', 'R@1': a band needs at least two seeds"),
        ({"a": {"R@1": [1.0, float("nan")]}}, "'a', 'R@1' must be finite"),
        ({"a": {"R@1": [1.0, 2.0]}, "b": {}}, "'b' has no 'R@1', which another model has"),
    ],
)
def test_seeds_that_make_no_sense(seeds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seed_band(seeds, {})


def test_a_band_of_one_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two seeds, not 1"):
        run_band([3.0])


# ------------------------------------------------------------------------------ curves that grow


class Screen:
    """Stands in for IPython's display: what was shown, and shown anew in its place."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def display(self, data: dict[str, str], **_: Any) -> Screen:
        self.shown.append(data)
        return self

    def update(self, data: dict[str, str], raw: bool) -> None:
        self.shown[-1] = data


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    pytest.importorskip("ipywidgets")
    made = Screen()
    monkeypatch.setattr("IPython.display.display", made.display)
    return made


def test_live_curves_grow_in_one_place(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATIC, "0")
    clock = iter([0.0, 4.0, 8.0])
    timed = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("prvr_lite.course.lesson08.live_curves_widget.time", timed)
    watch = live_curves(2)
    said = []
    for count in range(3):
        watch(History(ROWS[:count]))
        said.append(screen.shown[-1]["text/html"])
        assert len(screen.shown) == 1
    assert "epoch 0 of 2: the first one takes a moment" in said[0]
    assert "<img" not in said[0]
    assert "epoch 1 of 2, about 4 s to go · loss 2.000, R@1 10.0, SumR 200.0" in said[1]
    assert "epoch 2 of 2, finished · loss 1.000" in said[2]
    assert said[1].count("<img") == said[2].count("<img") == 1


def test_where_nobody_watches_one_picture_comes_at_the_end(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATIC, "1")
    watch = live_curves(2)
    watch(History(ROWS[:1]))
    assert screen.shown == []
    watch(History(ROWS))
    assert screen.shown[0]["text/plain"] == alt_text(epoch_curves(ROWS, 2))


def test_a_run_taken_up_again_is_timed_by_what_is_new() -> None:
    assert time_left((10.0, 8), 10.0, 8, 24) is None
    assert time_left((10.0, 8), 16.0, 10, 24) == pytest.approx(3.0 * 14)
    assert "measuring the pace" in progress_line(ROWS, 24, None)
    assert "about 2 minutes to go" in progress_line(ROWS, 24, 125.0)


def test_the_axis_is_as_long_as_the_run() -> None:
    figure = epoch_curves(ROWS, 24)
    assert all(axes.get_xlim()[1] > 23 for axes in figure.axes)
    assert_readable(figure)
