"""Training curves: the loss terms and the validation recall, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, Panel, line_panels

_LOSSES: Final = {
    "loss": ("total", page.INK),
    "clip_triplet": ("clip triplet", page.BLUE),
    "clip_nce": ("clip infoNCE", page.SKY),
    "frame_triplet": ("frame triplet", page.VERMILION),
    "frame_nce": ("frame infoNCE", page.ORANGE),
    "query_diverse": ("query-diverse", page.GREEN),
}
_RECALLS: Final = {
    "R@1": ("R@1", page.BLUE),
    "R@5": ("R@5", page.GREEN),
    "R@10": ("R@10", page.ORANGE),
    "R@100": ("R@100", page.GREY),
}
_SUM: Final = {"SumR": ("SumR", page.PURPLE)}


@page.house_style
def training_curves(
    history: Sequence[Mapping[str, float]], *, title: str = "Training"
) -> page.Picture:
    """Loss terms and validation recall, epoch by epoch, with the best epoch marked.

    Args:
        history: one mapping per epoch with "epoch" (else counted from 1) and any of "loss",
            "clip_triplet", "clip_nce", "frame_triplet", "frame_nce", "query_diverse", "R@1",
            "R@5", "R@10", "R@100" and "SumR" (%); epochs may lack some, or hold NaN. Other keys
            are ignored.
    Returns:
        a Figure with the axes "loss", "recall" and "SumR", as far as there is something to draw.
    Raises:
        ValueError: if no epoch holds any of these.
    """
    panels = {
        "loss": Panel("loss", _lines(history, _LOSSES)),
        "recall": Panel("recall (%)", _lines(history, _RECALLS)),
        "SumR": Panel("SumR", _lines(history, _SUM), height=1.1),
    }
    panels = {name: panel for name, panel in panels.items() if panel.lines}
    if not panels:
        raise ValueError(f"history has {len(history)} epochs and none holds a loss or a recall")
    best = _best(panels["SumR"].lines[0]) if "SumR" in panels else None
    about = (
        f"dotted: best SumR {best[1]:.1f}, after epoch {best[0]:g}"
        if best
        else f"{len(history)} epochs"
    )
    picture, axes = line_panels(
        page.heading(title, about),
        panels,
        alt=_alt(panels, about),
        xlabel="epoch",
        dots=False,
        mark=("best epoch", best[0]) if best else None,
    )
    last = axes[list(panels)[-1]]
    ends = [x for panel in panels.values() for line in panel.lines for x in line.x]
    last.set_xlim(min(ends) - 0.2, max(ends) + 0.2)
    last.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return picture


def _lines(
    history: Sequence[Mapping[str, float]], names: Mapping[str, tuple[str, str]]
) -> list[Line]:
    """Returns a line for each of `names` in the history, without the epochs that lack it."""
    lines = []
    for key, (name, color) in names.items():
        points = [
            (float(row.get("epoch", i + 1)), float(row[key]))
            for i, row in enumerate(history)
            if key in row and np.isfinite(row[key])
        ]
        if points:
            x, y = np.array(points).T
            lines.append(Line(name, color, x, y))
    return lines


def _best(line: Line) -> tuple[float, float]:
    """Returns where a line is highest (the first such place), and how high."""
    return float(line.x[line.y.argmax()]), float(line.y.max())


def _alt(panels: Mapping[str, Panel], about: str) -> str:
    """Returns the alt text: where each line begins and ends."""
    parts = [
        f"{line.name} from {line.y[0]:.3g} to {line.y[-1]:.3g}"
        for panel in panels.values()
        for line in panel.lines
    ]
    return f"Training curves by epoch; {about}. First to last epoch: {', '.join(parts)}."
