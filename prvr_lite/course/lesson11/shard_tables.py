"""Who compares whom: the table of a batch's queries and videos, split over several GPUs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from prvr_lite.plots import page

NOBODY: Final = "#EEF0F4"
SIDE: Final = 2.9  # inches of a table


@page.house_style
def shard_tables(
    queries: int,
    videos: int,
    gpus: int = 2,
    *,
    title: str = "What a GPU does not see, it can't push away",
) -> page.Picture:
    """Draws the pairs that GPUs compare: each GPU for itself, and with all videos gathered.

    Args:
        queries, videos: of the whole batch; multiples of ``gpus``, at most 7 of these.
    Returns:
        a Figure with the axes "each for itself" and "gathered".
    Raises:
        ValueError: they do not divide.
    """
    if queries % gpus or videos % gpus or not 2 <= gpus <= len(page.CYCLE):
        raise ValueError(
            f"{queries} queries and {videos} videos can't be split evenly among {gpus} GPUs. To "
            f"fix it: take 2 to {len(page.CYCLE)} GPUs, and make both numbers multiples of that."
        )
    owner = np.repeat(np.arange(gpus), queries // gpus)[:, None]  # [Q, 1]
    home = np.repeat(np.arange(gpus), videos // gpus)[None]  # [1, V]
    tables = {
        "each for itself": np.where(owner == home, owner, -1),
        "gathered": np.broadcast_to(owner, (queries, videos)),
    }
    seen = {name: int((table >= 0).sum()) for name, table in tables.items()}
    head = page.heading(
        title, "colour: the GPU that compares this query with this video; pale: none"
    )
    alt = f"{queries} queries by {videos} videos on {gpus} GPUs. " + "; ".join(
        f"{name}: {count} of {queries * videos} pairs are compared" for name, count in seen.items()
    )
    picture, axes = page.panels(head, [list(tables)], SIDE + 1.1, alt=f"{alt}.", gap=0.3)
    for name, table in tables.items():
        _draw(axes[name], table, gpus)
        axes[name].set_title(f"{name}\n{seen[name]} of {table.size} pairs", size=12)
        axes[name].set_xlabel(f"{videos} videos")
    axes["each for itself"].set_ylabel(f"{queries} queries")
    return picture


def _draw(axes: Axes, table: np.ndarray, gpus: int) -> None:
    """Draws a table of all pairs, and writes each GPU's name on the pairs that it compares."""
    rows, columns = table.shape
    axes.pcolormesh(
        table,
        cmap=ListedColormap([NOBODY, *page.CYCLE[:gpus]]),
        vmin=-1,
        vmax=gpus - 1,
        edgecolors="white",
        linewidth=1.5,
    )
    axes.invert_yaxis()
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    whole = bool((table >= 0).all())
    style: dict[str, Any] = {"ha": "center", "va": "center", "size": 12, "weight": "bold"}
    paper = {"fc": "white", "ec": "none", "pad": 2, "alpha": 0.85}
    for gpu in range(gpus):
        x = columns / 2 if whole else (gpu + 0.5) * columns / gpus
        axes.text(x, (gpu + 0.5) * rows / gpus, f"GPU {gpu}", bbox=paper, **style)
