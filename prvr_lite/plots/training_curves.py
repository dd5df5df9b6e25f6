"""Training curves: the loss terms and the validation recall, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.draw_lines import Line, draw_lines, label_ends

_LOSSES: Final = {
    "loss": ("total", page.INK),
    "clip_triplet": ("clip triplet", page.BLUE),
    "clip_nce": ("clip infoNCE", page.SKY),
    "frame_triplet": ("frame triplet", page.VERMILION),
    "frame_nce": ("frame infoNCE", page.ORANGE),
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
        history: one mapping an epoch with "epoch" (else counted from 1) and any of "loss",
            "clip_triplet", "clip_nce", "frame_triplet", "frame_nce", "R@1", "R@5", "R@10",
            "R@100" and "SumR" (%); epochs may lack some, or hold NaN. Other keys are ignored.
    Returns:
        a Figure with the axes "loss", "recall" and "SumR", as far as there is something to draw.
    Raises:
        ValueError: if no epoch holds any of these.
    """
    panels = {
        "loss": ("loss", _lines(history, _LOSSES)),
        "recall": ("recall (%)", _lines(history, _RECALLS)),
        "SumR": ("SumR", _lines(history, _SUM)),
    }
    panels = {name: panel for name, panel in panels.items() if panel[1]}
    if not panels:
        raise ValueError(f"history has {len(history)} epochs and none holds a loss or a recall")
    best = _best(panels["SumR"][1][0]) if "SumR" in panels else None
    about = (
        f"dotted: best SumR {best[1]:.1f}, after epoch {best[0]:g}"
        if best
        else f"{len(history)} epochs"
    )
    head = page.heading(title, about)
    rows = {name: 1.1 if name == "SumR" else 1.9 for name in panels}
    page_height = head.height + 0.2 + sum(rows.values()) + 0.2 * len(rows) + 0.5
    picture = page.new_picture(page.WIDTH, page_height, alt=_training_alt(panels, about))
    head.draw(picture)
    axes = page.stack(picture, rows, top=head.height + 0.2, left=0.85, right=1.55, gap=0.2)
    ends = [x for _, lines in panels.values() for line in lines for x in line[2]]
    for name, (unit, lines) in panels.items():
        draw_lines(axes[name], lines)
        axes[name].set_ylabel(unit)
        axes[name].set_xlim(min(ends) - 0.2, max(ends) + 0.2)
        axes[name].tick_params(labelbottom=name == list(panels)[-1])
        if best:
            axes[name].axvline(
                best[0], color=page.SOFT, lw=1.2, ls=":", zorder=0.9, label="best epoch"
            )
        label_ends(axes[name], lines)
    last = axes[list(panels)[-1]]
    last.xaxis.set_major_locator(MaxNLocator(integer=True))
    last.set_xlabel("epoch")
    return picture


def _lines(
    history: Sequence[Mapping[str, float]], names: Mapping[str, tuple[str, str]]
) -> list[Line]:
    """What the history holds of `names`, without the epochs that lack it."""
    lines = []
    for key, (name, color) in names.items():
        points = [
            (float(row.get("epoch", i + 1)), float(row[key]))
            for i, row in enumerate(history)
            if key in row and np.isfinite(row[key])
        ]
        if points:
            x, y = np.array(points).T
            lines.append((name, color, x, y))
    return lines


def _best(line: Line) -> tuple[float, float]:
    """Where a line is highest (the first such place), and how high."""
    _, _, x, y = line
    return float(x[y.argmax()]), float(y.max())


def _training_alt(panels: Mapping[str, tuple[str, list[Line]]], about: str) -> str:
    parts = [
        f"{name} from {y[0]:.3g} to {y[-1]:.3g}"
        for _, lines in panels.values()
        for name, _, _, y in lines
    ]
    return f"Training curves by epoch; {about}. First to last epoch: {', '.join(parts)}."
