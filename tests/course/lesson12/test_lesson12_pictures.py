"""The pictures of lesson 12 show the numbers they are given, and say what does not fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, bars, names, panel, part, words
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from prvr_lite.course.lesson12.agreement import agreement
from prvr_lite.course.lesson12.by_source import Told, by_source
from prvr_lite.course.lesson12.byte_layout import byte_layout
from prvr_lite.course.lesson12.stacked_rows import stacked_rows
from prvr_lite.plots import alt_text
from prvr_lite.plots.page import RULE, SKY

SETS = {
    "videos": {
        "TVR": {"train": 17_435, "test": 2_179},
        "Charades-STA": {"train": 5_336, "test": 9},
    },
    "moments (%)": {
        "TVR": {"≤ .2": 85.3, "≤ .4": 9.2, "longer": 5.5},
        "Charades-STA": {"≤ .2": 28.9, "≤ .4": 56.9, "longer": 14.2},
    },
}
TOLD = [
    Told("second", 174.5, "a README", strong=True),
    Told("third", 251.0, "somebody else"),
    Told("first", 100.25, "a README"),
]


def test_parts_are_stacked_from_the_left() -> None:
    figure = stacked_rows(SETS, title="Two data sets", about="and how long moments are")
    assert names(figure) == ["videos", "moments (%)"]
    assert bars(panel(figure, "videos")) == {
        "train": [(0, 17_435), (0, 5_336)], "test": [(17_435, 19_614), (5_336, 5_345)],
    }  # fmt: skip
    middle = bars(panel(figure, "moments (%)"))["≤ .4"]
    np.testing.assert_allclose(middle, [(85.3, 94.5), (28.9, 85.8)])
    assert_readable(figure)
    told = [text for text, _ in words(figure)]
    assert "17,435" in told
    assert "9" not in told, "a number that does not fit its part is left out"
    assert "videos, Charades-STA: train 5,336, test 9" in alt_text(figure)


def test_one_panel_and_long_names() -> None:
    figure = stacked_rows(
        {"GB": {"a data set with a very long name indeed": {"disk": 0.5}}}, title="t" * 90
    )
    assert_readable(figure)


@pytest.mark.parametrize("dim", [4, 6, 3072])
def test_rows_begin_where_they_begin(dim: int) -> None:
    ids = [f"friends_s01e03_seg02_clip_19_{i}" for i in range(6)]
    figure = byte_layout(ids, dim, row=3, numbers=[0.1 * i for i in range(dim)])
    told = [text for text, _ in words(figure)]
    assert [text for text in told if text.startswith("byte")] == [
        f"byte {row * dim * 4:,}" for row in range(6)
    ]
    assert sum(text.endswith("clip_19_3") for text in told) == 1, "an id keeps its end"
    assert f"begins at byte {3 * dim * 4:,}" in alt_text(figure)
    table = panel(figure, "bytes").collections[0]
    assert table.get_array().shape == (6, min(dim, 6) + (dim > 6))
    colors = table.to_rgba(table.get_array())[:, : min(dim, 6)]  # of the boxes
    assert (colors[3] == to_rgba(SKY)).all()
    assert (np.delete(colors, 3, axis=0) == to_rgba(RULE)).all()
    assert told.count("…") == 6 * (dim > 6)
    assert [f"0.{i}000" in told for i in range(4)] == [True] * 4, "the numbers of row 3"
    assert f"{(2 * dim + 1) * 4:,}" in told, "where number 1 of row 2 begins"
    assert_readable(figure)


def test_dots_carry_who_says_so() -> None:
    figure = by_source(TOLD, metric="SumR", title="Who says so?")
    axes = panel(figure, "SumR")
    dots = part(axes, "numbers")
    np.testing.assert_allclose(dots.get_offsets(), [(100.25, 0), (174.5, 1), (251.0, 2)])
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a README", "somebody else"]
    colors = [to_rgba(handle.get_color()) for handle in legend.legend_handles]
    np.testing.assert_allclose(dots.get_facecolors(), [colors[0], colors[0], colors[1]])
    marks = [path.vertices.tolist() for path in dots.get_paths()]
    assert marks[0] == marks[1] != marks[2], "sources differ in shape too"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second", "third"]
    assert axes.get_yticklabels()[1].get_fontweight() == "bold"
    assert "second 174.5 (a README); third 251.0 (somebody else)" in alt_text(figure)
    assert_readable(figure)


def test_many_sources_stay_readable() -> None:
    rows = [Told(f"model {i}", 100 + 7 * i, f"restated by paper {i % 5}") for i in range(12)]
    assert_readable(by_source(rows, metric="SumR", title="Twelve"))
    assert_readable(by_source(TOLD[:1], metric="SumR", title="One"))


def test_agreement_tells_the_largest_difference() -> None:
    figure = agreement([0.1, 0.2, 0.3], [0.1, 0.25, 0.3], names=("ours", "theirs"), title="Both")
    axes = panel(figure, "agreement")
    np.testing.assert_allclose(
        part(axes, "numbers").get_offsets(), [(0.1, 0.1), (0.2, 0.25), (0.3, 0.3)]
    )
    assert axes.get_xlim() == axes.get_ylim()
    assert "ours against theirs: 3 numbers; the largest difference is 0.05" in alt_text(figure)
    assert_readable(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: stacked_rows({"a": {"x": {"p": 1}}, "b": {"y": {"p": 1}}}, title=""),
            "'b' has other rows than x",
        ),
        (
            lambda: stacked_rows({"a": {"x": {"p": -1}}}, title=""),
            "'a' must be finite",
        ),
        (lambda: byte_layout(["a"], 4, row=1, numbers=[0.0] * 4), "row 1 can't be marked"),
        (
            lambda: byte_layout(["a"], 4, row=0, numbers=[0.0] * 3),
            r"numbers has shape \[3\], but must have \[4\]",
        ),
        (lambda: by_source([Told("a", np.nan, "b")], metric="R", title=""), "must be finite"),
        (
            lambda: agreement([1], [1, 2], names=("a", "b"), title=""),
            r"second has shape \[2\]",
        ),
        (lambda: agreement([1], [np.inf], names=("a", "b"), title=""), "must be finite"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
