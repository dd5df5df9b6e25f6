"""The pictures of lesson 1, and the helpers that draw them from a data set."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, bars, names, panel, part, picture_of
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Annotation

from prvr_lite import load_sample
from prvr_lite.course import kit
from prvr_lite.course.lesson01.bag_diagram import bag_diagram
from prvr_lite.course.lesson01.moment_appears import moment_appears
from prvr_lite.course.lesson01.ratio_histogram import ratio_histogram
from prvr_lite.data.dataset import Dataset
from prvr_lite.plots import alt_text, timed_thumbnails
from prvr_lite.plots.film_strip import COLORS, film_strip
from prvr_lite.plots.page import GLOW, NIGHT, ORANGE, VERMILION
from prvr_lite.plots.ranked_gallery import RankedVideo, ranked_gallery

STRIP = timed_thumbnails([picture_of((200, 0, 0)), b"", picture_of((0, 0, 200))], 30.0)
NAN = (math.nan, math.nan)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenknopf costs $5 and $6, a_b^c. " * 4


def test_a_film_shows_its_moments_in_order() -> None:
    figure = film_strip(
        "v1", 30.0, STRIP, moments=[("late", (20, 30)), ("early", (1.5, 3)), ("no time", NAN)]
    )
    assert names(figure) == ["film", "moments"]
    shown = bars(panel(figure, "moments"))
    assert shown["moment 1"] == [(1.5, 3.0)]
    assert shown["moment 2"] == [(20.0, 30.0)]
    assert "moment 3" not in shown
    about = "30.0 s · 2 captioned moments, each covering 5 to 33 % of the film"
    assert about in [text.get_text() for text in figure.texts]
    assert "1.5 to 3.0 s, “early”; 20.0 to 30.0 s, “late”" in alt_text(figure)
    assert figure.get_suptitle() == "v1"
    ranked = film_strip("v1", 30.0, STRIP, moments=[("1", (20, 30)), ("2", (1, 3))], ranked=True)
    shown = bars(panel(ranked, "moments"))
    assert shown["moment 1"] == [(20.0, 30.0)]
    assert shown["moment 2"] == [(1.0, 3.0)]
    titled = film_strip("v1", 30.0, [], moments=[("x", (0, 30))], title="A film")
    about = "v1 · 30.0 s · 1 captioned moment, covering 100 % of the film"
    assert about in [text.get_text() for text in titled.texts]


def test_lines_from_the_bars_to_the_film_do_not_run_through_words() -> None:
    axes = panel(film_strip("v1", 30.0, STRIP, moments=[("A word.", (0.4, 10))]), "moments")
    assert [text.get_text() for text in axes.texts] == [
        "0 s",
        "5 s",
        "10 s",
        "15 s",
        "20 s",
        "25 s",
        "A word.",
    ]
    lines = max(line.get_zorder() for line in axes.collections)
    for text in axes.texts:
        ground = text.get_bbox_patch()
        assert ground is not None
        assert ground.get_facecolor() == to_rgba(NIGHT)
        assert text.get_zorder() > lines


def test_bars_differ_in_colour_and_may_be_put_in_words() -> None:
    assert not {ORANGE, VERMILION} <= set(COLORS), "nearly equal as thin bars"
    assert len(set(COLORS)) == len(COLORS)
    about = "first bar: found; below: the film's captions"
    figure = film_strip("v1", 30.0, STRIP, moments=[("x", (1, 3))], title="A film", about=about)
    assert f"v1 · 30.0 s · {about}" in [text.get_text() for text in figure.texts]
    assert_readable(figure)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_film_is_readable(count: int) -> None:
    spans = [(3.0 * i, 3.0 * i + (1.0 if i % 2 else 2.9)) for i in range(count)]
    moments = [(LONG if i % 3 else "Brief.", span) for i, span in enumerate(spans)]
    figure = film_strip(LONG, 30.0, STRIP, moments=moments)
    assert_readable(figure)
    film, axis = (panel(figure, name).get_position() for name in ("film", "moments"))
    assert axis.y1 <= film.y0 + 1e-9  # the time axis lies under the film, not on it
    assert_readable(film_strip("no pictures", 7.3, [], moments=[("A word.", (7.0, 7.3))]))


@pytest.mark.parametrize(
    ("duration", "moment", "message"),
    [
        (math.nan, (0, 1), "v1: duration must be finite and above 0"),
        (30.0, (8, 2), "v1: 'x' .* is reversed or outside"),
        (30.0, (40, 50), "v1: 'x' .* is reversed or outside"),
    ],
)
def test_films_that_make_no_sense(duration: float, moment: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        film_strip("v1", duration, STRIP, moments=[("x", moment)])


def test_the_histogram_counts_every_query() -> None:
    ratio = np.array([0.01, 0.1, 0.3, 0.5, 1.0])
    figure = ratio_histogram(ratio, name="ours", others={"TVR": 0.122}, limits=(0.2, 0.4))
    assert_readable(figure)
    chart = panel(figure, "histogram")
    assert sum(bar.get_height() for bar in chart.containers[0]) == 5
    assert part(chart, "mean").get_xdata()[0] == pytest.approx(ratio.mean())
    assert part(panel(figure, "means"), "TVR").get_xdata().tolist() == [0.122]
    assert "40 % lie under a fifth" in alt_text(figure)
    many = {f"data set {i} {LONG}": i / 5 for i in range(5)}
    assert_readable(ratio_histogram(ratio, name="ours", others=many))


@pytest.mark.parametrize("ratio", [[0.1, 1.5], [-0.1], [0.1, math.nan]])
def test_ratios_that_make_no_sense(ratio: list[float]) -> None:
    with pytest.raises(ValueError, match=r"ratio .* at least 0 and at most 1"):
        ratio_histogram(ratio, name="x", others={})


# --------------------------------------------------------------------------- prvr_lite.course.kit


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


def test_start_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    kit.start(3)
    said = capsys.readouterr().out
    assert said.startswith("Lesson 3 · prvr_lite ")
    assert "Emoji Theatre: 700 films, 3,680 queries" in said
    assert said.count("\n") == 1


def test_start_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Dataset:
        raise FileNotFoundError("emoji_theatre.h5 is missing; do this")

    monkeypatch.setattr(kit, "load_sample", gone)
    with pytest.raises(kit.NotReadyError, match="do this") as caught:
        kit.start(1)
    assert caught.value._render_traceback_() == [f"Not ready: {caught.value}"]
    monkeypatch.setattr(kit, "find_spec", lambda name: None if name == "seaborn" else name)
    with pytest.raises(kit.NotReadyError, match="%pip install seaborn  in a cell"):
        kit.start(1)


def test_a_film_of_the_sample(sample: Dataset) -> None:
    video = int(sample.videos_in("test")[5])
    figure = kit.film(sample, video)
    rows = np.flatnonzero(sample.query_video == video)
    distinct = np.unique(sample.moment[rows], axis=0)
    assert len(distinct) < len(rows), "some moment has two captions: one bar all the same"
    assert sum("moment" in name for name in bars(panel(figure, "moments"))) == len(distinct)
    assert_readable(figure)


def test_a_gallery_of_the_sample(sample: Dataset) -> None:
    films = sample.videos_in("test")
    query = int(sample.queries_in("test")[7])
    own = int(np.flatnonzero(films == sample.query_video[query])[0])
    score = -np.arange(len(films), dtype=float)
    score[own] = -50.5
    figure = kit.gallery(sample, query, films, score, top=2, title="Two films")
    assert figure.get_suptitle() == "Two films"
    told = alt_text(figure)
    rank = 1 + 51 - (own <= 50)
    assert f"the right video is ranked {rank} of {len(films)} videos" in told
    assert f"1. {sample.video_id[films[0 if own else 1]]}" in told


def test_a_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    kit.table({"one": {"R@1": 1.25, "SumR": 399.0}, "another": {"SumR": 7.0}}, digits=2)
    lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].split() == ["one", "1.25", "399.00"]
    assert lines[2].split() == ["another", "7.00"]
    kit.table({})


def test_a_moment_appears_where_the_best_frame_is() -> None:
    curves = {"untrained": [0.1, 0.4, 0.0, 0.1, 0.2], "6 epochs": [0.1, 0.2, 0.0, 0.9, 0.2]}
    settings: dict[str, Any] = {"query": LONG, "duration": 10.0, "moment": (6, 8)}
    figure = moment_appears(curves, thumbnails=STRIP, **settings)
    assert names(figure) == ["film", "untrained", "6 epochs"]
    assert "untrained: 3.0 s, outside; 6 epochs: 7.0 s, inside" in alt_text(figure)
    for name, place in (("untrained", 3.0), ("6 epochs", 7.0)):
        assert part(panel(figure, name), "best frame").get_xdata()[0] == pytest.approx(place)
    assert_readable(figure)
    assert names(moment_appears(curves, **settings)) == ["untrained", "6 epochs"]
    with pytest.raises(ValueError, match="finite"):
        moment_appears({"a": [0.1, -math.inf]}, **settings)


def test_the_diagram_shows_which_frames_learn() -> None:
    weights = {"mean": [0.25] * 4, "max": [0, 1, 0, 0]}
    figure = bag_diagram([0.1, 0.9, 0.2, 0.4], weights, duration=30.0, thumbnails=STRIP)
    assert names(figure) == ["film mean", "film max", "road mean", "road max"]
    assert (
        "mean: film 0.40, gradient to 4 of 4 frames; max: film 0.90, gradient to 1 of 4 frames"
        in (alt_text(figure))
    )
    gold = {
        name: sum(arrow.get_edgecolor()[:3] == to_rgb(GLOW) for arrow in arrows(figure, name))
        for name in weights
    }
    assert gold["mean"] == gold["max"] + 3
    for name in weights:
        boxes = [bar[0].get_bbox() for bar in panel(figure, f"road {name}").containers[1:]]
        for x, y in ends(figure, name):
            at_edge = [
                box.padded(1e-6).contains(x, y) and not box.padded(-1e-6).contains(x, y)
                for box in boxes
            ]
            assert any(at_edge) or y > boxes[0].y1, "an arrow ends in the air"
    assert_readable(figure)
    with pytest.raises(ValueError, match=r"weights of 'mean' has shape \[4\], but must have \[2\]"):
        bag_diagram([0.1, 0.2], weights, duration=1.0, thumbnails=STRIP)


def notes(figure: Figure, name: str) -> list[Annotation]:
    texts = panel(figure, f"road {name}").texts
    return [text for text in texts if isinstance(text, Annotation) and text.arrow_patch]


def arrows(figure: Figure, name: str) -> list[FancyArrowPatch]:
    return [note.arrow_patch for note in notes(figure, name) if note.arrow_patch]


def ends(figure: Figure, name: str) -> list[tuple[float, float]]:
    """Both ends of each arrow."""
    return [place for note in notes(figure, name) for place in (note.xy, note.get_position())]


def test_the_gallery_outlines_the_moment() -> None:
    video = RankedVideo(1, "v", 0.5, True, 30.0, STRIP, moment=(20.0, 30.0))
    figure = ranked_gallery("q", [video])
    box = part(panel(figure, "video 1"), "outline")
    assert box.get_x() > 15
    bare = ranked_gallery("q", [RankedVideo(1, "v", 0.5, True, 30.0, STRIP)])
    assert "outline" not in [p.get_label() for p in panel(bare, "video 1").patches]
