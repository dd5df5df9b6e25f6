"""The gallery and the charts show the right numbers in the right places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_contrast, assert_readable, bars, names, panel, part, words
from figure_inputs import ALPHA, GROUPS, GROWTH, SEEDS, SWEEP, THUMBNAILS, history, ranking
from matplotlib.figure import Figure
from matplotlib.text import Text

from prvr_lite.plots import (
    ModelCost,
    RankedVideo,
    accuracy_frontier,
    alpha_sweep,
    alt_text,
    gap_chart,
    growth_curves,
    ranked_gallery,
    ratio_bars,
    recall_bars,
    spread_curves,
    training_curves,
)


def test_gallery_appends_the_right_video_with_its_true_rank() -> None:
    figure = ranked_gallery("a cat", ranking()[::-1], top=3)
    assert [name for name in names(figure) if name.startswith("video")] == [
        *("video 1", "video 2", "video 3", "video 8")
    ]
    (frame,) = [one for one in panel(figure, "page").patches if one.get_label() == "right video"]
    box, row = frame.get_window_extent(), panel(figure, "video 8").get_window_extent()
    assert box.y0 < row.y0 < row.y1 < box.y1
    assert "ranked 8" in alt_text(figure)
    assert "8. v8, score 0.10, right" in alt_text(figure)
    assert "· · ·" in [text for text, _ in words(figure)]
    within = ranked_gallery("a cat", ranking(right=2), top=3)
    assert "video 4" not in names(within)
    assert "· · ·" not in [text for text, _ in words(within)]


def test_gallery_points_at_the_chosen_video() -> None:
    videos = [replace(video, chosen=video.rank == 2) for video in ranking(places=3, right=3)]
    figure = ranked_gallery("a cat", videos)
    (mark,) = [one for one in panel(figure, "page").patches if one.get_label() == "chosen"]
    box, row = mark.get_window_extent(), panel(figure, "video 2").get_window_extent()
    assert box.y0 < row.y0 < row.y1 < box.y1 <= panel(figure, "spans 1").get_window_extent().y0
    assert [text for text, _ in words(figure)].count("map ↓") == 1
    told = "2. v2, score 0.70, its map below; 3. v3, score 0.60, right, true moment 4.0–10.0 s."
    assert told in alt_text(figure)


@pytest.mark.parametrize(("places", "right", "query"), [(6, 2, "a"), (6, 2, "a cat " * 40)])
def test_gallery_of_a_given_height(places: int, right: int, query: str) -> None:
    for top in (3, 6):
        figure = ranked_gallery(query, ranking(places, right), top=top, height=7.2)
        assert figure.get_figheight() == pytest.approx(7.2)
        assert_readable(figure)
    assert ranked_gallery(query, ranking(places, right), top=6, height=3).get_figheight() > 4


def test_gallery_takes_numpy_scalars() -> None:
    right = RankedVideo(np.int64(2), "v2", np.float32(0.5), np.bool_(True), np.float32(20.0))
    wrong = RankedVideo(1, "v1", 0.6, np.bool_(False), moment=(float("nan"), float("nan")))
    about = alt_text(ranked_gallery("a cat", [wrong, right], num_videos=np.int64(9)))
    assert "ranked 2 of 9 videos. 1. v1, score 0.60; 2. v2, score 0.50, right." in about


def test_gallery_draws_spans_in_seconds_and_scores_in_proportion() -> None:
    figure = ranked_gallery("a cat", ranking(right=2), top=2)
    assert panel(figure, "spans 2").get_xlim() == panel(figure, "video 2").get_xlim() == (0, 20)
    assert bars(panel(figure, "spans 2")) == {"key clip": [(5, 9)], "moment": [(4, 10)]}
    assert bars(panel(figure, "spans 1")) == {"key clip": [(5, 9)]}
    scores = bars(panel(figure, "page"))
    one, two = (scores[f"score {rank}"][0] for rank in (1, 2))
    assert (two[1] - two[0]) / (one[1] - one[0]) == pytest.approx(0.7 / 0.8)


def test_gallery_shows_videos_of_unknown_length() -> None:
    bare = RankedVideo(1, "v", 0.0, thumbnails=THUMBNAILS[::-1])
    images = panel(ranked_gallery("a cat", [bare]), "video 1").images
    assert [int(np.asarray(image.get_array())[0, 0, 0]) for image in images] == [200, 0]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "at least one video"),
        ([RankedVideo(1, "v", float("nan"))], "v: score must be finite, but holds nan"),
        ([RankedVideo(1, "v", 0.1, key_span=(1, 2))], "v: key_span is in seconds"),
        ([RankedVideo(1, "v", 0.1, duration=5.0, moment=(4, 3))], r"v: moment \[4, 3\] s is rev"),
    ],
)
def test_gallery_says_what_does_not_fit(results: list[RankedVideo], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ranked_gallery("a cat", results)


def test_training_draws_what_was_measured_and_marks_the_best() -> None:
    figure = training_curves(history())
    assert names(figure) == ["loss", "recall (%)", "SumR"]
    assert part(panel(figure, "loss"), "total").get_ydata()[:3].tolist() == [2, 1, 2 / 3]
    recall = part(panel(figure, "recall (%)"), "R@1")
    assert recall.get_xydata().tolist() == [[2, 30], [4, 44], [6, 41]]  # NaN and blanks left out
    assert set(part(panel(figure, "loss"), "best epoch").get_xdata()) == {4}
    assert panel(figure, "loss").get_xlim()[0] < 1  # the loss begins before the first recall
    assert "best SumR 220.0, after epoch 4" in alt_text(figure)
    assert names(training_curves([{"loss": 1.0}])) == ["loss"]


def test_bars_are_means_of_seeds() -> None:
    figure = recall_bars({**SEEDS, "new": {"two-step": 50.0}})
    axes = panel(figure, "bars")
    heights = {box.get_label(): [bar.get_height() for bar in box] for box in axes.containers}
    assert heights["mean-pool"] == [20, 19.9]
    assert heights["MS-SL++"] == [44, pytest.approx(38)]
    assert heights["new"] == [50]
    (bar,) = next(box for box in axes.containers if box.get_label() == "new")
    assert round(bar.get_x() + bar.get_width() / 2) == 1  # among the bars of "two-step"
    bar = next(box for box in axes.containers if box.get_label() == "MS-SL++")[1]
    dots = [spots.get_offsets().tolist() for spots in axes.collections]
    (seeds,) = [spots for spots in dots if [y for _, y in spots] == [33, 40, 41]]
    assert all(bar.get_x() < x < bar.get_x() + bar.get_width() for x, _ in seeds)
    written = [text for text, _ in words(figure)]
    assert {"20.0", "19.9", "44.0", "38.0", "50.0"} <= set(written)


@pytest.mark.parametrize("models", range(2, 10))
def test_the_legend_read_row_by_row_has_the_order_of_the_bars(models: int) -> None:
    rows = {f"model {i}, {'long ' * (i % 4)}": {"a": i, "b": i} for i in range(models)}
    figure = recall_bars(rows)
    (written,) = [axes.get_legend().get_texts() for axes in figure.axes]
    figure.draw_without_rendering()
    places = {text.get_text(): text.get_window_extent() for text in written}
    by_row = sorted(places, key=lambda name: (-round(places[name].y0), places[name].x0))
    assert by_row == [box.get_label() for box in panel(figure, "bars").containers]


def test_a_single_group_has_its_names_on_the_axis() -> None:
    axes = panel(recall_bars({name: {"val": 20.0 + i} for i, name in enumerate("abc")}), "bars")
    assert axes.get_legend() is None
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [box[0].get_height() for box in axes.containers] == [20, 21, 22]
    middles = [box[0].get_x() + box[0].get_width() / 2 for box in axes.containers]
    assert np.round(middles, 6).tolist() == [0, 1, 2]
    assert len({box[0].get_facecolor() for box in axes.containers}) == 1
    assert axes.get_xlabel() == "val"


def test_the_number_of_a_bar_with_seeds_stands_in_it_or_directly_above() -> None:
    axes = panel(recall_bars({"a": {"x": [37.0, 45, 60], "y": [1.0, 2]}, "b": {"x": 5.0}}), "bars")
    heights = {text.get_text(): text.xy[1] for text in axes.texts}
    assert heights == {"47.3": 0, "1.5": 2, "5.0": 5}


def test_ratio_bars_stand_in_their_group() -> None:
    figure = ratio_bars({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, groups=GROUPS, counts=[10, 20, 30])
    for box in panel(figure, "bars").containers:
        middles = [bar.get_x() + bar.get_width() / 2 for bar in box]
        assert np.round(middles).tolist() == [0, 1, 2]
    assert ".08–.15\n20 queries" in [text for text, _ in words(figure)]


def test_growth_tells_the_exponent() -> None:
    figure = growth_curves(GROWTH, xlabel="V", ylabel="s")
    assert "released: 1 at 1, 100 at 10, 1e+04 at 100 (exponent 2.0)" in alt_text(figure)
    assert "ours: 1 at 1, 10 at 10, 100 at 100 (exponent 1.0)" in alt_text(figure)
    flat = growth_curves({"a": ([1, 10, 100], [5.001, 5, 5])}, xlabel="V", ylabel="s")
    assert "(exponent 0.0)" in alt_text(flat)
    axes = panel(figure, "s")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert part(axes, "ours").get_xydata().tolist() == [[1, 1], [10, 10], [100, 100]]


@pytest.mark.parametrize("limits", [None, (0.01, 1e6), (10, 2e4)])
def test_curves_are_named_where_they_end(limits: tuple[float, float] | None) -> None:
    figure = growth_curves(GROWTH, xlabel="V", ylabel="s")
    axes = panel(figure, "s")
    if limits:
        axes.set_ylim(limits)  # later, by whoever asked for the picture
    figure.draw_without_rendering()
    for name, text in zip(GROWTH, axes.texts, strict=True):
        assert text.get_text().startswith(name)
        end = axes.transData.transform(part(axes, name).get_xydata()[-1])[1]
        box = Text.get_window_extent(text)
        assert box.y0 < end < box.y1


def test_names_of_near_lines_lie_apart_around_their_ends() -> None:
    series = {f"no. {i}": ([1, 2], [1, 100 + i]) for i in range(6)}
    figure = growth_curves(series | {"far": ([1, 2], [1, 2])}, xlabel="V", ylabel="s")
    axes = figure.axes[0]
    axes.set_ylim(0.01, 1e6)
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]
    assert all(high.y0 > low.y1 for high, low in zip(boxes[5:0:-1], boxes[4::-1], strict=True))
    middle = axes.transData.transform((2, 102.5))[1]
    assert np.mean([(box.y0 + box.y1) / 2 for box in boxes[:6]]) == pytest.approx(middle, abs=3)


def test_of_two_equal_curves_both_are_seen() -> None:
    same, other = {0.0: 1.0, 1.0: 2.0, 2.0: 5.0}, {0.0: 1.0, 1.0: 3.0, 2.0: 4.0}
    figure = spread_curves({"y": {"a": same, "b": same, "c": other}}, xlabel="x", title="")
    styles = [part(figure.axes[0], name).get_linestyle() for name in "abc"]
    assert styles == ["-", "--", "-"]


def test_small_numbers_on_an_axis_are_powers_of_ten() -> None:
    figure = growth_curves({"a": ([1, 2, 3], [1e-6, 1e-4, 1])}, xlabel="V", ylabel="s")
    figure.draw_without_rendering()
    ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert all("10^{" in tick for tick in ticks)


DRAWN: dict[str, Callable[[], Figure]] = {
    "training": lambda: training_curves(history()),
    "bars": lambda: recall_bars(SEEDS),
    "alpha": lambda: alpha_sweep(ALPHA, SWEEP),
    "lines": lambda: spread_curves(
        {"y": {f"no. {i}": {0.0: i, 1.0: 2 * i} for i in range(7)}}, xlabel="x", title="t"
    ),
    "gaps": lambda: gap_chart(
        {"g": {"worse": ([-2.0, -1.9], (-2.1, -1.8)), "better": ([1.0], (0.5, 1.5))}}
    ),
    "frontier": lambda: accuracy_frontier(
        [ModelCost(f"no. {i}", 10.0 * i, 1000 * 4**i) for i in range(8)], ours="no. 3"
    ),
}


@pytest.mark.parametrize("name", list(DRAWN))
def test_words_have_enough_contrast(name: str) -> None:
    assert_contrast(DRAWN[name]())


def test_alpha_marks_the_best() -> None:
    figure = alpha_sweep(ALPHA[::-1], {name: y[::-1] for name, y in SWEEP.items()}, chosen=0.6)
    assert part(panel(figure, "R@1"), "best").get_xydata().tolist() == [[0.5, 45]]
    assert part(panel(figure, "SumR"), "best").get_xydata().tolist() == [[1, 310]]
    assert set(part(panel(figure, "SumR"), "chosen").get_xdata()) == {0.6}


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: training_curves([{"epoch": 1, "lr": 0.1}]), "1 epochs and none holds a loss"),
        (lambda: recall_bars({}), "at least one model"),
        (
            lambda: recall_bars({"a": {"all": [1.0, -2.0]}}),
            "'a', 'all' must be finite and at least 0",
        ),
        (lambda: ratio_bars({"a": [1.0]}, groups=GROUPS), "'a' has 1 values for 3 groups"),
        (lambda: ratio_bars({}, groups=GROUPS, counts=[1]), "'counts' has 1 values for 3 groups"),
        (lambda: growth_curves({}, xlabel="", ylabel=""), "at least one line"),
        (
            lambda: growth_curves({"a": ([0], [1])}, xlabel="", ylabel=""),
            "xs of 'a' must be finite and",
        ),
        (lambda: growth_curves({"a": ([1], [])}, xlabel="", ylabel=""), "ys of 'a' must have 1"),
        (lambda: alpha_sweep([0.5, 1.5], SWEEP), "alpha must be finite and at least 0"),
        (lambda: alpha_sweep([0.5], {"R@1": [1.0, 2.0]}), r"'R@1' has shape \[2\], but"),
        (lambda: alpha_sweep([0.5], {}), "at least one metric"),
    ],
)
def test_charts_say_what_does_not_fit(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
