"""Training curves: the loss terms and the validation recall, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, line_panels

CURVES: Final = {  # key of a history -> its panel, name and colour
    "loss": ("loss", "total", page.INK),
    "clip_triplet": ("loss", "clip triplet", page.BLUE),
    "clip_nce": ("loss", "clip infoNCE", page.SKY),
    "frame_triplet": ("loss", "frame triplet", page.VERMILION),
    "frame_nce": ("loss", "frame infoNCE", page.ORANGE),
    "query_diverse": ("loss", "query-diverse", page.GREEN),
    "R@1": ("recall (%)", "R@1", page.BLUE),
    "R@5": ("recall (%)", "R@5", page.GREEN),
    "R@10": ("recall (%)", "R@10", page.ORANGE),
    "R@100": ("recall (%)", "R@100", page.GREY),
    "SumR": ("SumR", "SumR", page.PURPLE),
}


@page.house_style
def training_curves(
    history: Sequence[Mapping[str, float]], *, title: str = "Training"
) -> page.Picture:
    """Draws loss terms and validation recall, epoch by epoch, with the best epoch marked.

    Args:
        history: one mapping per epoch with "epoch" (else counted from 1) and any of "loss",
            "clip_triplet", "clip_nce", "frame_triplet", "frame_nce", "query_diverse", "R@1",
            "R@5", "R@10", "R@100" and "SumR" (%); epochs may lack some, or hold NaN. Other keys
            are ignored.
    Returns:
        a Figure with the axes "loss", "recall (%)" and "SumR", as far as there are values.
    Raises:
        ValueError: if no epoch holds any of these.
    """
    lines: dict[str, list[Line]] = {}
    epochs = np.array([row.get("epoch", i) for i, row in enumerate(history, 1)], dtype=np.float64)
    for key, (panel, name, color) in CURVES.items():
        values = np.array([row.get(key, np.nan) for row in history], dtype=np.float64)
        if (there := np.isfinite(values)).any():
            line = Line(name, epochs[there], values[there], color=color)
            lines.setdefault(panel, []).append(line)
    page.require(lines, f"history has {len(history)} epochs and none holds a loss or a recall")
    about, best = f"{len(history)} epochs", None
    if "SumR" in lines:
        best, highest = lines["SumR"][0].best()
        about = f"dotted: best SumR {highest:.1f}, after epoch {best:g}"
    picture = line_panels(
        page.heading(title, about),
        lines,
        alt=f"Training curves by epoch; {about}.",
        xlabel="epoch",
        mark=("best epoch", best),
    )
    epoch = picture.axes[-1].xaxis
    epoch.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    epoch.set_major_formatter("{x:g}")
    return picture
