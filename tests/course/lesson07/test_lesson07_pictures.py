"""The pictures of lesson 7 show the right pushes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part
from matplotlib.figure import Figure

from prvr_lite.course.lesson07.losses_widget import Pull, loss_columns, loss_explorer, stacked
from prvr_lite.course.lesson07.pair_maps import pair_maps
from prvr_lite.course.slider import STATIC
from prvr_lite.plots import alt_text
from prvr_lite.training.losses import triplet_ranking_loss

SCORE = [[0.6, 0.1], [0.5, 0.2], [0.0, 0.3]]
OWN = [[True, False], [True, False], [False, True]]
PULL = Pull(np.array([0.5, 0.3]), np.array([0.45, -0.2]), 0.2, 6.0)


def test_each_positive_has_a_frame_and_each_sign_its_side() -> None:
    figure = pair_maps({"one": SCORE, "two": SCORE}, OWN, title="scores", about="", unit="cosine")
    assert names(figure) == ["one", "two", "scale"]
    frames = [patch for patch in panel(figure, "one").patches if patch.get_label() == "positive"]
    assert [(f.get_x(), f.get_y()) for f in frames] == [(0, 0), (0, 1), (1, 2)]
    tables = [panel(figure, name).collections[0] for name in ("one", "two")]
    assert [table.get_clim() for table in tables] == [(0.0, 0.6)] * 2
    np.testing.assert_allclose(tables[0].get_array(), SCORE)
    assert panel(figure, "one").yaxis_inverted(), "the first row is on top, where its frame is"
    assert "one: mean 0.47 of positives, 0.10 of all others" in alt_text(figure)
    assert_readable(figure)


def test_a_signed_map_has_zero_in_the_middle() -> None:
    pushes = [[0.2, -0.1], [0.0, 0.0], [-0.4, 0.2]]
    figure = pair_maps({"all": pushes}, OWN, title="pushes", about="", signed=True)
    mesh = panel(figure, "all").collections[0]
    assert mesh.get_clim() == (-1, 1)
    np.testing.assert_allclose(mesh.get_array(), np.array(pushes) / 0.4)
    ticks = panel(figure, "scale").get_yticklabels()
    assert [text.get_text() for text in ticks] == ["pushed\ndown", "left\nalone", "pulled\nup"]
    assert "all: 2 pairs pulled up, 2 pushed down, of 6" in alt_text(figure)
    assert_readable(figure)


def test_the_drawn_losses_are_the_losses() -> None:
    """Costs against prvr_lite.training.losses; infoNCE and its pulls against their formulas."""
    positive, negative = np.exp(6 * PULL.positives), np.exp(6 * PULL.negatives)
    every = positive.sum() + negative.sum()
    loss, up, down = PULL.info_nce
    assert loss == pytest.approx(-np.log(positive.sum() / every))
    np.testing.assert_allclose(up, positive / positive.sum() - positive / every, atol=1e-12)
    np.testing.assert_allclose(down, -negative / every, atol=1e-12)
    score, own = torch.tensor([[0.5, 0.3, 0.45, -0.2]]), torch.tensor([[True, True, False, False]])
    hardest = triplet_ranking_loss(score[:, :2].mean(1), score, ~own, margin=0.2, pool=1)
    assert PULL.hinge(PULL.negatives).max() == pytest.approx(float(hardest))


def test_columns_put_each_negative_on_the_hinge() -> None:
    figure = loss_columns([PULL, replace(PULL, margin=0.0)])
    assert names(figure) == ["triplet 0", "triplet 1", "infoNCE 0", "infoNCE 1"]
    points = part(panel(figure, "triplet 0"), "negatives").get_xydata()
    np.testing.assert_allclose(points, [(0.45, 0.25), (-0.2, 0.0)], atol=1e-12)
    np.testing.assert_allclose(
        part(panel(figure, "triplet 0"), "hardest").get_xydata(), [(0.45, 0.25)]
    )
    assert "hardest 0.25, infoNCE 0.46; 1 of 2 negatives cost something" in alt_text(figure)
    assert_readable(figure)


def test_positives_with_nearly_the_same_score_can_be_counted() -> None:
    assert stacked(np.array([0.41, 0.4, 0.9, 0.42, 0.46]), 0.05).tolist() == [1, 0, 0, 2, 0]
    score = np.array([0.4, 0.4, 0.41, 0.9])
    figure = loss_columns([Pull(score, np.array([0.1]), 0.2, 6.0)])
    dots = part(panel(figure, "triplet 0"), "positives").get_xydata()
    np.testing.assert_allclose(dots[:, 0], score)
    assert len(np.unique(dots[:3, 1])) == 3
    assert dots[0, 1] == dots[3, 1] == 0


def test_the_static_explorer_varies_margin_and_positives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATIC, "1")
    figure = loss_explorer([0.55, 0.4, 0.35], [0.5, 0.38, 0.1])
    titles = [axes.get_title("left").split("\n")[0] for axes in figure.axes[:3]]
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "mean of positives" in keys
    assert titles == [
        *("3 pos., 3 neg., margin 0.2", "3 pos., 3 neg., margin 0.4", "1 pos., 3 neg., margin 0.2")
    ]
    assert_readable(figure)


def test_the_sliders_change_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(STATIC, "0")
    margin, against, own, view = loss_explorer([0.55, 0.4], [0.5, 0.38, 0.1]).children
    assert "2 of 3 negatives cost something" in view.value
    own.value, against.value = 1, 1
    assert "1 pos., 1 neg." in view.value
    margin.value = 0.0
    assert "0 of 1 negatives cost something" in view.value


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: pair_maps({"a": [[1.0]]}, OWN, title="x", about=""),
            r"must have \[3, 2\]",
        ),
        (lambda: pair_maps({"a": [[np.nan]]}, [[1]], title="x", about=""), "'a' must be finite"),
        (lambda: loss_explorer([], [0.1]), "can't start at 0"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
