"""Lesson 2's pictures: windows over frames, features under thumbnails, heat maps; its slider."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, words
from figure_inputs import THUMBNAILS
from matplotlib.colors import to_rgb

from prvr_lite.course.lesson02 import pooling_widget
from prvr_lite.course.lesson02.answers import pool_bounds
from prvr_lite.course.lesson02.film_numbers import film_numbers
from prvr_lite.course.lesson02.pooling_widget import pooling_slider, pooling_windows
from prvr_lite.course.pictures.heat_maps import heat_maps
from prvr_lite.plots import Picture, alt_text
from prvr_lite.plots.page import INK, ORANGE


def test_windows_join_their_frames_to_their_unit() -> None:
    figure = pooling_windows({"ten": (10, [0, 2, 5, 8, 9])})
    ribbons = [one for one in panel(figure, "ten").collections if one.get_label() == "window"]
    corners = [np.unique(one.get_paths()[0].vertices, axis=0) for one in ribbons]  # by their x
    upper = [x for four in corners for x, y in four.tolist() if y == 0.78]
    lower = [x for four in corners for x, y in four.tolist() if y == 0.22]
    assert upper == pytest.approx([0, 0.2, 0.2, 0.5, 0.5, 0.8, 0.8, 0.9])
    assert lower == pytest.approx([0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1])


def test_windows_mark_what_is_left_out_and_tell_what_is_repeated() -> None:
    figure = pooling_windows({"long": (10, [0, 2, 5, 8, 9]), "short": (3, [0, 1, 2, 2, 2])})
    (mark,) = (line for line in panel(figure, "long").lines if line.get_label() == "left out")
    assert mark.get_xdata() == pytest.approx([0.95])
    assert not mark.get_clip_on()  # whole, also at the right edge
    assert not [line for line in panel(figure, "short").lines if line.get_label() == "left out"]
    told = [text for text, _ in words(figure)]
    assert "1 left out (×)" in told
    assert "every frame enters, 1 repeated" in told
    assert "short: 3 frames into 4 units, every frame enters, 1 repeated" in alt_text(figure)


def test_a_repeated_frame_is_orange_and_digits_are_dark_on_light_boxes() -> None:
    axes = panel(pooling_windows({"short": (3, [0, 1, 2, 2, 2])}), "short")
    frames, units = axes.containers
    assert frames[2].get_facecolor()[:3] == units[3].get_facecolor()[:3] == to_rgb(ORANGE)
    inks = [text.get_color() for text in axes.texts]
    assert inks == [*[INK] * 3, "white", INK, "white", INK]


def test_a_film_of_one_frame_for_each_unit_repeats_nothing() -> None:
    """Its last window is empty and takes the last frame, which no other has."""
    figure = pooling_windows({"even": (4, [0, 1, 2, 3, 3])})
    assert "even: 4 frames into 4 units, every frame enters." in alt_text(figure)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [([0], "two or more"), ([0, 5, 3], "none smaller"), ([0, 7, 11], "of 10 frames")],
)
def test_windows_say_what_does_not_fit(bounds: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=f"'a': bounds.*{message}"):
        pooling_windows({"a": (10, bounds)})


def test_the_slider_draws_the_bounds_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Static: one panel a length. Driven: one length at a time, every picture of one size."""
    monkeypatch.setenv("PRVR_LITE_STATIC", "1")
    static = pooling_slider(pool_bounds, count=4)
    assert names(static) == [f"{total} frames, 4 units" for total in (16, 32, 41, 110)]
    assert_readable(static)
    drawn: list[Picture] = []

    def drive(draw, *, values, start, **_):  # type: ignore[no-untyped-def]
        assert start == 16
        drawn.extend(draw(value) for value in (values[0], start, values[-1]))

    monkeypatch.setattr(pooling_widget, "slider", drive)
    pooling_slider(pool_bounds)
    assert [names(figure) for figure in drawn] == [
        ["8 frames, 32 units"], ["16 frames, 32 units"], ["110 frames, 32 units"]
    ]  # fmt: skip
    assert len({tuple(figure.get_size_inches()) for figure in drawn}) == 1


def test_numbers_stand_under_their_frames() -> None:
    features = np.arange(15.0).reshape(5, 3) - 7
    figure = film_numbers(features, 20.0, THUMBNAILS)
    (image,) = panel(figure, "numbers").images
    assert np.array_equal(image.get_array(), features.T)
    assert image.get_extent() == [0, 20, 3, 0]
    assert panel(figure, "film").get_xlim() == panel(figure, "numbers").get_xlim() == (0, 20)
    assert "the 3 numbers of one of 5 frames" in alt_text(figure)
    assert_readable(figure)


def test_heat_maps_share_one_scale_and_leave_nan_blank() -> None:
    one, two = np.array([[0.0, 0.5], [np.nan, 0.25]]), np.array([[3.0, 1.0], [0.0, -1.0]])
    figure = heat_maps({"one": one, "two": two}, title="Two", rows=["a", "b"], unit="weight")
    assert names(figure) == ["one", "two", "scale"]
    cells = [panel(figure, name).collections[0] for name in ("one", "two")]
    assert {mesh.get_clim() for mesh in cells} == {(-1.0, 3.0)}
    assert cells[0].get_array().mask.tolist() == [[False, False], [True, False]]
    assert np.array_equal(cells[1].get_array(), two)
    assert panel(figure, "one").get_ylim() == (2, 0)  # the first row is on top
    assert [tick.get_text() for tick in panel(figure, "one").get_yticklabels()] == ["a", "b"]
    assert "two, 2 by 2, from -1 to 3 weight (most at row a, column 0)" in alt_text(figure)


def test_a_scale_of_whole_numbers_has_no_fractions() -> None:
    whole = panel(heat_maps({"slice": np.array([[0, 1], [2, 3]])}, title="Slices"), "scale")
    assert [tick for tick in whole.get_yticks() if 0 <= tick <= 3] == [0, 1, 2, 3]
    parts = panel(heat_maps({"slice": np.array([[0.5, 3]])}, title="Slices"), "scale")
    assert any(tick % 1 for tick in parts.get_yticks())


@pytest.mark.parametrize(
    ("limits", "ends"),
    [(None, "neither"), ((0, 2), "max"), ((1, 3), "min"), ((1, 2), "both"), ((0, 3), "neither")],
)
def test_a_scale_shows_that_numbers_lie_beyond_it(
    limits: tuple[float, float] | None, ends: str
) -> None:
    values = {"one": np.array([[0, 1 + 1e-9]]), "two": np.array([[2.0, 3.0]])}
    figure = heat_maps(values, title="Slices", limits=limits)
    assert panel(figure, "one").collections[0].colorbar.extend == ends


def test_few_numbers_are_written_into_their_cells_and_many_are_not() -> None:
    few = np.array([[0.0, 0.5, 1.0], [np.nan, 0.25, 0.75]])
    shown = panel(heat_maps({"weight": few}, title="Few", unit="weight"), "weight")
    assert [text.get_text() for text in shown.texts] == ["0.00", "0.50", "1.00", "0.25", "0.75"]
    assert [text.get_color() == "white" for text in shown.texts] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert shown.collections[0].get_linewidth()[0] > 0
    whole = panel(heat_maps({"slice": np.arange(4).reshape(2, 2)}, title="", unit="slice"), "slice")
    assert [text.get_text() for text in whole.texts] == ["0", "1", "2", "3"]
    for shape, square in (((8, 8), True), ((4, 59), False)):
        many = panel(heat_maps({"m": np.ones(shape)}, title="", unit="m", square=square), "m")
        assert not many.texts
        assert not many.collections[0].get_linewidth()[0]
    clips = panel(heat_maps({"W": np.ones((21, 6))}, title="", unit="m", square=False), "W")
    assert clips.collections[0].get_linewidth()[0] > 0


@pytest.mark.parametrize("size", [3, 12, 40])
@pytest.mark.parametrize("square", [True, False])
def test_heat_maps_are_readable(size: int, square: bool) -> None:
    labels = [f"a word {i}" for i in range(size)]
    columns = None if size == 12 else labels  # the boxes around slanted names overlap
    values = np.random.default_rng(0).random((size, size))
    figure = heat_maps(
        {"a name that is much longer than its panel": values, "b": values},
        title="A very long title that has to be broken into lines, in costs of $5 and $6",
        about="about", xlabel="x", ylabel="y", rows=labels, columns=columns, unit="unit",
        square=square,
    )  # fmt: skip
    assert_readable(figure)


def test_heat_maps_say_what_does_not_fit() -> None:
    square = np.zeros((2, 2))
    with pytest.raises(ValueError, match="panels must hold a matrix"):
        heat_maps({}, title="")
    with pytest.raises(ValueError, match=r"'b' has shape \(1, 2\), but the first .* \(2, 2\)"):
        heat_maps({"a": square, "b": square[:1]}, title="")
    with pytest.raises(ValueError, match="'a' holds no number"):
        heat_maps({"a": square * np.nan}, title="")
    with pytest.raises(ValueError, match="rows holds 3 names, but the panels have 2"):
        heat_maps({"a": square}, title="", rows=["x", "y", "z"])
