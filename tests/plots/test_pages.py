"""What holds for every picture: nothing cut off, nothing left behind, words for the blind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import matplotlib
from figure_checks import assert_readable, words
from figure_inputs import ALPHA, GROUPS, GROWTH, SEEDS, SWEEP, THUMBNAILS, history, ranking
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from prvr_lite.lab.intervals import with_intervals
from prvr_lite.plots import (
    ModelCost,
    RankedVideo,
    accuracy_frontier,
    alpha_sweep,
    alt_text,
    gap_chart,
    growth_curves,
    page,
    ranked_gallery,
    ratio_bars,
    recall_bars,
    save_figure,
    similarity_map,
    spread_curves,
    training_curves,
)

LONG = "It costs $5 and $6, a_b^c, Donaudampfschifffahrtsgesellschaftskapitänsmützenknopf " * 5

PICTURES: dict[str, Callable[[str], Figure]] = {
    "map": lambda text: similarity_map(
        np.linspace(0, 1, 528),
        duration=20.0,
        query=text,
        video_id=text[:90],
        moment=(3.0, 8.0),
        key_clip=100,
        medoids=range(0, 528, 30),
        frame_attention=np.ones(9),
        thumbnails=THUMBNAILS,
    ),
    "gallery": lambda text: ranked_gallery(
        text, [*ranking(3), RankedVideo(12_345, text[:90], -0.25, correct=True)], num_videos=20_000
    ),
    "training": lambda text: training_curves(history(), title=text),
    "recall": lambda text: recall_bars(
        {f"{i} {text[:20]}": row for i, row in enumerate(3 * list(SEEDS.values()))}, title=text
    ),
    "ratio": lambda text: ratio_bars(
        {text[:25]: [1.0, 2, 3], "MS-SL++": [10.0, 20, 100]},
        groups=GROUPS,
        counts=[9, 8, 7000],
        title=text,
    ),
    "frontier": lambda text: accuracy_frontier(
        [ModelCost(text[:40], [40.0, 42.0], 900, 0.1), ModelCost("MS-SL++", [50.0, 52.0], 5e4, 1)],
        title=text,
    ),
    "spread": lambda text: spread_curves(
        {"R@1 (%)": {text[:40]: {4: [1.0, 2.0], 32: [3.0, 4.0]}}}, xlabel="medoids", title=text
    ),
    "gaps": lambda text: gap_chart(
        with_intervals({"losses": {text[:60]: [1.0, 2.0, -1.0]}}), title=text
    ),
    "growth": lambda text: growth_curves(
        {text[:60]: GROWTH["released"], **GROWTH}, xlabel="videos V", ylabel="time (s)", title=text
    ),
    "alpha": lambda text: alpha_sweep(ALPHA, SWEEP, title=text),
}
every_picture = pytest.mark.parametrize("name", list(PICTURES))


@every_picture
@pytest.mark.parametrize("text", ["A cat sleeps.", LONG], ids=["short", "long"])
def test_nothing_is_cut_off_or_overlaps(name: str, text: str) -> None:
    assert_readable(PICTURES[name](text))


@every_picture
def test_nothing_stays_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("a plot called plt.show"))
    before, settings = plt.get_fignums(), dict(matplotlib.rcParams)
    assert isinstance(PICTURES[name]("A cat."), Figure)
    assert plt.get_fignums() == before
    assert dict(matplotlib.rcParams) == settings


@every_picture
def test_the_readers_own_style_does_not_leak_in(name: str) -> None:
    usual = [(text, box.bounds) for text, box in words(PICTURES[name]("A cat."))]
    with plt.rc_context({"font.size": 30, "axes.titlesize": 40, "font.family": "serif"}):
        figure = PICTURES[name]("A cat.")
    styled = [(text, box.bounds) for text, box in words(figure)]
    assert [text for text, _ in styled] == [text for text, _ in usual]
    np.testing.assert_allclose([box for _, box in styled], [box for _, box in usual], atol=0.01)


@every_picture
def test_saved_files_carry_title_and_alt_text(name: str, tmp_path: Path) -> None:
    figure = PICTURES[name]("A cat costs $5.")
    path = save_figure(figure, tmp_path / "new" / f"{name}.png", dpi=40)
    with Image.open(path) as image:
        assert image.info["Description"] == alt_text(figure)
        assert "A cat costs $5." in image.info["Title"].replace("\n", " ")
        assert image.width == 288  # 7.2 inches
    assert len(alt_text(figure)) > 60
    svg = save_figure(figure, tmp_path / f"{name}.svg").read_text(encoding="utf-8")
    assert "dc:description" in svg
    assert save_figure(figure, tmp_path / f"{name}.pdf").stat().st_size > 1000


def test_saving_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: cannot save as '\.jpg'"):
        save_figure(PICTURES["alpha"](""), tmp_path / "a.jpg")


def test_notebooks_get_the_alt_text(monkeypatch: pytest.MonkeyPatch) -> None:
    display = pytest.importorskip("IPython.display")
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(display, "display", lambda data, **about: shown.append({**data, **about}))
    figure = PICTURES["alpha"]("")
    figure._ipython_display_()
    assert shown[0]["metadata"]["image/png"]["alt"] == alt_text(figure)
    assert shown[0]["image/png"].startswith("iVBOR")  # PNG in base64


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        ([1, np.nan], {}, "x must be finite, but holds nan"),
        ([0.5, 1.5, np.inf], {"low": 0, "high": 1}, "at least 0 and at most 1, but holds 1.5, inf"),
        (0.0, {"ndim": 0, "above": 0}, "x must be finite and above 0, but holds 0"),
        ([1, 2], {"shape": (3,)}, r"x has shape \[2\], but must have \[3\]"),
    ],
)
def test_numbers_that_do_not_fit_are_named(value: Any, limits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        page.finite(value, "x", **limits)
    assert page.finite([[0, 1]], "x", ndim=2, shape=(1, 2), low=0, high=1).tolist() == [[0, 1]]
