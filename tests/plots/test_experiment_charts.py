"""The pictures of the experiments show the right numbers, and claim what the numbers bear."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, words
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from prvr_lite.lab.figures import frontier
from prvr_lite.lab.intervals import is_level, with_intervals
from prvr_lite.lab.results import Results
from prvr_lite.plots import ModelCost, accuracy_frontier, alt_text, gap_chart, spread_curves
from prvr_lite.plots.accuracy_frontier import pareto_best

CSV = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "experiments.csv"
LONG = "It costs $5, a_b^c, Donaudampfschifffahrtsgesellschaftskapitänsmützenknopf-and-more " * 3
MODELS = [  # as they are on the sample films: three at one place, two more nearly so
    ModelCost("mean-pool", [14.0, 15.0, 16.0], 768, 0.05),
    ModelCost("attention-pool", [16.0, 17.0, 18.0], 768, 0.05),
    ModelCost("clip4clip", [17.0, 18.0, 19.0], 768, 0.06),
    ModelCost("frame-max", [42.0, 43.0, 44.0], 49_000, 1.1),
    ModelCost("frame-attention-max", [42.2, 43.2, 44.2], 49_000, 1.15),
    ModelCost("MS-SL", [51.3, 52.3, 53.3], 811_000, 9.0),
    ModelCost("MS-SL++", [51.0, 52.0, 53.0], 49_152, 1.3),
]
GAPS = {
    "clips": {"random clips instead of medoids": [-3.0, -4.0, -5.0], "K = 4": [-9.0, 1.0, 8.0]},
    "losses": {"no hard negatives": [2.0, 2.5, 3.0], "one seed": -1.0},
}


def pair(ours: object, theirs: object, **costs: float) -> str:
    """The headline of two models."""
    size, time = costs.get("size", 1000), costs.get("time", 1.0)
    rival = ModelCost("MS-SL", theirs, size, time)  # type: ignore[arg-type]
    model = ModelCost("MS-SL++", ours, 1000, 1.0)  # type: ignore[arg-type]
    level = ["MS-SL"] if is_level(model.accuracy, rival.accuracy) else []
    return accuracy_frontier([rival, model], level_with=level).get_suptitle().replace("\n", " ")


def test_frontier_puts_each_model_where_it_belongs() -> None:
    figure = accuracy_frontier(MODELS)
    assert names(figure) == ["size", "time"]
    for name, field, unit in (("size", "index_bytes", 1), ("time", "query_ms", 1000)):
        axes = panel(figure, name)
        assert axes.get_xscale() == "log"
        for box, model in zip(axes.containers, MODELS, strict=True):
            dot, _, whiskers = box.lines
            place = [getattr(model, field) / unit, np.mean(model.accuracy)]
            assert dot.get_xydata().tolist() == [place]
            ends = whiskers[0].get_segments()[0][:, 1]
            assert ends.tolist() == pytest.approx([dot.get_ydata()[0] - 1, dot.get_ydata()[0] + 1])
    assert panel(figure, "size").get_ylim() == panel(figure, "time").get_ylim()
    assert "MS-SL 52.3 ± 1.0, 811 kB a video, 9 ms a query" in alt_text(figure)


def test_frontier_joins_the_best_at_each_cost() -> None:
    axes = panel(accuracy_frontier(MODELS), "size")
    steps = np.round(part(axes, "best").get_xydata()[:-1], 6).tolist()
    best = [[768, 18.0], [49_000, 43.2], [49_152, 52.0], [811_000, 52.3]]
    assert steps[::2] == best
    assert steps[1::2] == [[x, y] for (x, _), (_, y) in zip(best[1:], best, strict=False)]
    hollow = [box.lines[0].get_markerfacecolor() == "white" for box in axes.containers]
    assert hollow == [True, True, False, True, False, False, False]


def test_pareto_best_is_what_no_other_beats() -> None:
    rng = np.random.default_rng(0)
    cost, accuracy = rng.integers(0, 6, 60).astype(float), rng.integers(0, 6, 60).astype(float)
    cost[0] = np.nan
    for i, best in enumerate(pareto_best(cost, accuracy)):
        beaten = any(
            c <= cost[i] and a >= accuracy[i] and (c < cost[i] or a > accuracy[i])
            for c, a in zip(cost, accuracy, strict=True)
        )
        assert best == (not beaten and i != 0)


@pytest.mark.parametrize("crowd", [0.0, 0.3, 6.0], ids=["stacked", "close", "apart"])
@pytest.mark.parametrize("name", ["model {}", "a model with self-attention, no. {}"])
def test_frontier_names_do_not_overlap(crowd: float, name: str) -> None:
    rng = np.random.default_rng(3)
    models = [
        ModelCost(name.format(i), 50 + crowd * rng.normal(size=3), 1e3 * 9 ** (crowd * i / 6), 2.0)
        for i in range(8)
    ]
    ours = models[7] if name[0] == "m" else max(models, key=lambda model: np.mean(model.accuracy))
    level = [model.name for model in models if is_level(ours.accuracy, model.accuracy)]
    named = ours.name if name[0] == "m" else None
    assert_readable(accuracy_frontier(models, ours=named, level_with=level))


@pytest.mark.parametrize("measured", [False, True], ids=["made up", "measured"])
def test_frontier_names_hide_nothing(measured: bool) -> None:
    figure = frontier(Results.read(CSV)) if measured else accuracy_frontier(MODELS)
    assert figure is not None
    figure.draw_without_rendering()
    for axes in figure.axes:
        names = {text.get_text(): Text.get_window_extent(text) for text in axes.texts}
        assert len(names) == len(axes.containers)
        for (one, a), (two, b) in combinations(names.items(), 2):
            assert not a.overlaps(b), f"{one!r} overlaps {two!r}"
        whiskers = [line for box in axes.containers for line in box.lines[2]]
        lines = [part(axes, "best").get_xydata(), *(w.get_segments()[0] for w in whiskers)]
        for name, box in names.items():
            assert axes.bbox.containsx(box.x0 - 2), name
            assert axes.bbox.containsx(box.x1 + 2), name
            assert axes.bbox.containsy(box.y0 - 2), name
            assert axes.bbox.containsy(box.y1 + 2), name
            for dot in axes.containers:
                (x, y), radius = axes.transData.transform(dot.lines[0].get_xydata()[0]), 11
                point = Bbox.from_bounds(x - radius, y - radius, 2 * radius, 2 * radius)
                assert not box.overlaps(point), f"{name!r} lies over {dot.get_label()!r}"
            for line in lines:
                path = Path(axes.transData.transform(line))
                assert not path.intersects_bbox(box, filled=False), f"{name!r} lies over a line"


def test_frontier_claims_what_the_numbers_bear() -> None:
    told = "with 1/17 of its index and 9.0 times its query time"
    assert pair([51, 52, 53], [51.9, 52.3, 52.7], size=17_000, time=1 / 9) == (
        f"MS-SL++ is level with MS-SL (R@1 52.0 and 52.3), {told}"
    )
    assert pair([51, 52, 53], [53, 54, 55]).startswith("MS-SL is ahead: R@1 54.0; MS-SL++ has 52.0")
    assert pair([51, 52, 53], [49, 50, 51]).startswith("MS-SL++ is ahead: R@1 52.0, MS-SL 50.0")
    assert pair(52, 51.9).startswith("MS-SL++ is ahead")  # without a spread nothing is level
    assert pair(52, 50).endswith("with the same index and the same query time")
    assert accuracy_frontier(MODELS[:1], ours=None).get_suptitle() == "mean-pool: R@1 15.0"


def test_frontier_quotes_a_name_with_a_comma_and_explains_hollow_marks() -> None:
    models = [ModelCost("MS-SL, all clips", 52.0, 1000), ModelCost("MS-SL++", 50.0, 100)]
    figure = accuracy_frontier(models)
    assert figure.get_suptitle().startswith("“MS-SL, all clips” is ahead")
    assert not [text for text, _ in words(figure) if "hollow" in text]
    beaten = accuracy_frontier([*models, ModelCost("a", 49.0, 200)])
    assert [text for text, _ in words(beaten) if "hollow: beaten" in text]


def test_frontier_without_times_has_one_panel() -> None:
    models = [ModelCost("a", 1.0, 10), ModelCost("b", 2.0, 20)]
    assert names(accuracy_frontier(models, ours="b")) == ["size"]
    timed = [*models, ModelCost("c", 3.0, 30, 1.0)]
    axes = panel(accuracy_frontier(timed, ours="c"), "time")
    assert [box.get_label() for box in axes.containers] == ["c"]


def test_curves_are_means_with_their_spread() -> None:
    curves = {"a": {32.0: [3.0, 5.0], 4.0: [1.0, 3.0]}, "b": {4.0: 7.0}}
    figure = spread_curves(
        {"R@1 (%)": curves, "time (ms)": {"a": {4.0: 1.0, 32.0: 100.0}}},
        xlabel="K",
        title="K",
        logarithmic=True,
        chosen=32,
    )
    axes = panel(figure, "R@1 (%)")
    assert part(axes, "a").get_xydata().tolist() == [[4, 2], [32, 4]]
    band = part(axes, "_spread").get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(4 + 2**0.5)
    seeds = [line.get_ydata().tolist() for line in axes.lines if line.get_label() == "_seeds"]
    assert seeds == [[1, 3, 3, 5]]  # of "a" at 4 and at 32; "b" has one seed
    assert set(part(axes, "chosen").get_xdata()) == {32}
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert panel(figure, "time (ms)").get_yscale() == "log"
    assert {"4", "32", "a", "b"} <= {text for text, _ in words(figure)}
    assert "R@1 (%), a: 2 at 4, 4 at 32" in alt_text(figure)


def test_gaps_stand_at_their_means() -> None:
    figure = gap_chart(with_intervals(GAPS))
    axes = panel(figure, "gaps")
    dot = part(axes, "random clips instead of medoids")
    assert dot.get_xdata().tolist() == [-4]
    assert dot.get_markerfacecolor() == dot.get_color()
    assert part(axes, "K = 4").get_markerfacecolor() == "white"  # its interval holds 0
    ends = part(axes, "interval").get_xdata()
    assert list(ends) == pytest.approx([-4 - 4.303 / 3**0.5, -4 + 4.303 / 3**0.5], abs=1e-3)
    assert len([line for line in axes.lines if line.get_label() == "interval"]) == 3
    heights = [part(axes, name).get_ydata()[0] for row in GAPS.values() for name in row]
    assert heights == sorted(heights)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # downwards
    title = figure.get_suptitle().replace("\n", " ")
    assert title == (
        "1 of 3 changes lowers SumR, random clips instead of medoids most (−4.0); 1 raises it"
    )
    assert {"clips", "losses", "−4.0", "+2.5", "0.0"} <= {text for text, _ in words(figure)}


PICTURES: dict[str, Callable[[str], Figure]] = {
    "frontier": lambda text: accuracy_frontier(
        [*MODELS, ModelCost(text, [30.0, 40.0], 5000, 0.3)], metric="R@1 (%)", title=text
    ),
    "headline": lambda text: accuracy_frontier([ModelCost(text, 30.0, 5000), *MODELS[-1:]]),
    "spread": lambda text: spread_curves(
        {"R@1 (%)": {text: {0.0: [1.0, 2.0], 1.0: 3.0}, "b": {0.0: 1.0, 0.5: 1.1, 1.0: 3.1}}},
        xlabel="α",
        title=text,
        about=text,
    ),
    "gaps": lambda text: gap_chart(
        with_intervals(
            {
                text[:80]: {text: [-1.0, -1.1]},
                **GAPS,
                "many": {f"no. {i}": [i, 1] for i in range(15)},
            }
        )
    ),
}


@pytest.mark.parametrize("name", list(PICTURES))
@pytest.mark.parametrize("text", ["short", LONG], ids=["short", "long"])
def test_nothing_is_cut_off_or_overlaps(name: str, text: str) -> None:
    figure = PICTURES[name](text)
    assert_readable(figure)
    assert len(alt_text(figure)) > 60


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: accuracy_frontier([]), "at least one model"),
        (lambda: accuracy_frontier(MODELS, ours="x"), "ours is 'x', but no model has that name"),
        (lambda: accuracy_frontier(MODELS[:1] * 2), "two models are named 'mean-pool'"),
        (lambda: accuracy_frontier([ModelCost("a", 1.0, 0)], ours="a"), "'a': index_bytes and que"),
        (lambda: accuracy_frontier([ModelCost("a", 1.0, 1, -1.0)]), "'a': index_bytes and query"),
        (lambda: accuracy_frontier([ModelCost("a", [], 1)]), "accuracy of 'a' must have"),
        (lambda: spread_curves({}, xlabel="", title=""), "panels must hold a panel"),
        (lambda: spread_curves({"y": {"a": {}}}, xlabel="", title=""), "each curve an x"),
        (
            lambda: spread_curves({"y": {"a": {0: 1.0}}}, xlabel="", title="", logarithmic=True),
            "'a', 'y': every x must be finite and above 0",
        ),
        (
            lambda: spread_curves({"y": {"a": {3: [1.0, np.nan]}}}, xlabel="", title=""),
            "'a', 'y' at 3 must be finite",
        ),
        (lambda: gap_chart({"group": {}}), "at least one change"),
        (
            lambda: gap_chart({"group": {"a": ([np.inf], (0.0, 1.0))}}),
            "'a', 'group' must be finite",
        ),
    ],
)
def test_charts_say_what_does_not_fit(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
