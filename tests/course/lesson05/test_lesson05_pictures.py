"""The pictures of lesson 5 show the right clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, picture_of
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from prvr_lite.course.lesson05.answers import kkz_start
from prvr_lite.course.lesson05.clip_clusters_widget import (
    clip_clusters,
    cluster_colors,
    cluster_triangles,
)
from prvr_lite.course.lesson05.cluster_rounds import cluster_rounds
from prvr_lite.course.lesson05.kkz_steps import kkz_steps
from prvr_lite.course.lesson05.medoid_strips import medoid_strips
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.plots import alt_text
from prvr_lite.plots.page import INK
from prvr_lite.plots.pyramid import clip_units

POINTS = [(0.0, 0.0), (1.0, 0.0), (8.0, 1.0), (9.0, 1.0)]


def units(n: int = 8) -> torch.Tensor:
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(1))


def test_one_colour_a_cluster_and_a_dot_on_each_medoid() -> None:
    assignment = [0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 2, 1, 2, 2, 2]  # of 5 units
    figure = cluster_triangles({"three": (assignment, [1, 4, 13])}, title="clusters")
    axes = panel(figure, "three")
    found = [to_hex(color) for color in part(axes, "clips").get_facecolor()]
    by_cluster = {c: {found[i] for i in range(15) if assignment[i] == c} for c in range(3)}
    assert all(len(paint) == 1 for paint in by_cluster.values())
    assert len(set.union(*by_cluster.values())) == 3
    dots = part(axes, "medoids").get_xydata()
    np.testing.assert_allclose(dots, [(1.5, 0.9), (4.5, 0.9), (3.0, 4.0)])
    assert "three: 3 clusters of 4 to 6 clips" in alt_text(figure)
    assert_readable(figure)


def test_clusters_side_by_side_differ_in_colour() -> None:
    medoids, assignment = cluster_clips(units(12)[None], 9)
    figure = cluster_triangles({"nine": (assignment[0], medoids[0])}, title="clusters")
    found = [to_hex(color) for color in part(panel(figure, "nine"), "clips").get_facecolor()]
    bottom = assignment[0, :12].tolist()
    for left in range(11):
        assert (bottom[left] == bottom[left + 1]) == (found[left] == found[left + 1])


def test_rounds_show_medoids_members_and_lines_to_the_medoid() -> None:
    steps = {"start": ([3, 0], None), "assign": ([3, 0], [1, 1, 0, 0])}
    figure = cluster_rounds(POINTS, steps, title="one round")
    assert names(figure) == ["start", "assign"]
    first, second = panel(figure, "start"), panel(figure, "assign")
    for axes in (first, second):
        np.testing.assert_allclose(part(axes, "points").get_offsets(), POINTS)
        np.testing.assert_allclose(part(axes, "medoids").get_offsets(), [POINTS[3], POINTS[0]])
    colors, own = (part(second, name).get_facecolors() for name in ("points", "medoids"))
    np.testing.assert_allclose(colors, own[[1, 1, 0, 0]])
    marks = [path.vertices.tolist() for path in part(second, "points").get_paths()]
    assert marks[0] == marks[1] != marks[2] == marks[3], "clusters differ in shape too"
    lines = part(second, "to their medoid").get_segments()
    np.testing.assert_allclose(
        lines, [[p, POINTS[m]] for p, m in zip(POINTS, [0, 0, 3, 3], strict=True)]
    )
    assert "to their medoid" not in [artist.get_label() for artist in first.get_children()]
    written = [(text.get_text(), text.get_color()) for text in second.texts]
    assert written == [("0", "white"), ("1", INK)]  # on blue, on orange
    assert "assign: medoids [3, 0]" in alt_text(figure)
    assert_readable(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: cluster_triangles({"a": ([0, 0], [0])}, title="x"), "assignment of 'a' has 2"),
        (lambda: cluster_triangles({"a": ([0, 1, 0], [0])}, title="x"), "of 'a' .* at most 0, but"),
        (lambda: cluster_triangles({"a": ([0, 0, 0], [3])}, title="x"), "medoids of .* at most 2"),
        (lambda: cluster_rounds([(1, 2, 3)], {"a": ([0], None)}, title="x"), r"must have \[1, 2\]"),
        (lambda: cluster_rounds(POINTS, {"a": ([4], None)}, title="x"), "medoids of .* at most 3"),
        (lambda: cluster_rounds(POINTS, {"a": ([0], [0, 0])}, title="x"), r"must have \[4\]"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_the_widget_draws_small_multiples_or_a_slider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRVR_LITE_STATIC", "1")
    figure = clip_clusters(units())
    assert names(figure) == [
        *("K = 4, with the code", "K = 16, with the code", "K = 32, with the code"),
        *("K = 4, without", "K = 16, without", "K = 32, without"),
    ]
    assert_readable(figure)
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv("PRVR_LITE_STATIC", "0")
    k, switch, view = clip_clusters(units()).children
    assert "K = 16, with the code" in view.value
    k.value = 2
    assert "K = 2, with the code: 2 clusters" in view.value
    switch.value = False
    assert "K = 2, without: 2 clusters" in view.value


FILM = [(t + 0.5, picture_of((9 * t, 0, 200))) for t in range(24)]


def test_kkz_steps_choose_what_the_exercise_chooses() -> None:
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(2))
    figure = kkz_steps(points)
    assert names(figure) == [f"choice {i}" for i in range(4)]
    rows = kkz_start(torch.cdist(points, points), points.norm(dim=1), 4)
    for i, row in enumerate(rows.tolist()):
        ring = part(panel(figure, f"choice {i}"), "next").get_offsets()
        np.testing.assert_allclose(ring, points[row : row + 1], atol=1e-6)
    medoids = part(panel(figure, "choice 3"), "medoids").get_offsets()
    np.testing.assert_allclose(medoids, points[rows[:3]], atol=1e-6)
    assert [text.get_text() for text in panel(figure, "choice 3").texts] == ["0", "1", "2"]
    assert_readable(figure)
    same = kkz_steps([(0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 0.0)])  # no row twice
    assert "[2, 0, 1, 3]" in alt_text(same)
    with pytest.raises(ValueError, match=r"must have \[20, 2\]"):
        kkz_steps(points[:, :1])


def test_medoids_are_shown_as_parts_of_the_film() -> None:
    medoids, assignment = (rows[0] for rows in cluster_clips(units(8)[None], 3))
    figure = medoid_strips(assignment, medoids, duration=24.0, thumbnails=FILM)
    shown = [name for name in names(figure) if name.startswith("medoid")]
    spans = sorted(clip_units(8)[medoids.numpy()].tolist())
    colors = cluster_colors(assignment, medoids)
    for name, (first, size) in zip(shown, spans, strict=True):
        axes = panel(figure, name)
        assert axes.get_xlim() == pytest.approx((3.0 * first, 3.0 * (first + size)))
        assert axes.images, "a medoid without a picture"
        assert to_hex(part(axes, "frame").get_edgecolor()).upper() in [c.upper() for c in colors]
    assert len(panel(figure, "film").images) >= 8
    assert_readable(figure)


def test_triangles_stand_on_axes_and_on_their_film() -> None:
    medoids, assignment = (rows[0] for rows in cluster_clips(units(8)[None], 3))
    panels = {name: (assignment, medoids) for name in ("a", "b")}
    figure = cluster_triangles(panels, title="clusters", duration=24.0, thumbnails=FILM)
    assert names(figure) == ["a", "b", "film a", "film b"]
    film, triangle = panel(figure, "film a"), panel(figure, "a")
    assert film.get_xlim() == (0, 24)
    assert figure.get_supxlabel() == "middle of the clip (s)"
    assert figure.get_supylabel() == "length (s)"
    assert [text.get_text() for text in film.get_xticklabels()][:2] == ["0", "10"]
    assert triangle.get_position().x0 == pytest.approx(film.get_position().x0)
    assert triangle.get_position().x1 == pytest.approx(film.get_position().x1)
    assert len(film.images) >= 4
    assert_readable(figure)
    bare = cluster_triangles({"a": (assignment, medoids)}, title="clusters")
    assert bare.get_supxlabel() == "middle of the clip (units)"
    assert bare.get_supylabel() == "length (units)"
    with pytest.raises(ValueError, match="duration"):
        cluster_triangles(panels, title="clusters", thumbnails=FILM)
