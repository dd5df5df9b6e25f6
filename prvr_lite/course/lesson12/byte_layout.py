"""Where the numbers of a table lie in a file that has no header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.colors import ListedColormap

from prvr_lite.plots import page

NUMBER, SHOWN = 4, 6  # bytes of a number; how many of a row are drawn, the rest is "…"
LONG = 14  # letters of an id; of a longer one its end is written


@page.house_style
def byte_layout(ids: Sequence[str], dim: int, *, row: int, numbers: object) -> page.Picture:
    """Draws the rows of a BigFile below each other: id, numbers, and each row's first byte.

    Args:
        ids: of the first rows, about eight at most. dim: numbers per row.
        row: the one that is pointed out. numbers: [dim] of it; the first few are written.
    Returns:
        a Figure with one axes, "bytes".
    Raises:
        ValueError: a row that is not one of them, or not `dim` numbers.
    """
    page.require(row in range(len(ids)), f"row {row} can't be marked: ids has {len(ids)} rows")
    values = page.finite(numbers, "numbers", shape=(dim,))
    first = np.arange(len(ids)) * dim * NUMBER
    begins = [f"byte {byte:,}" for byte in first]
    alt = (
        f"The first {len(ids)} rows of a table of {dim} numbers per row, 4 bytes each. Row {row}, "
        f"{ids[row]}, begins at {begins[row]}."
    )
    about = f"row r begins at byte r · {dim} · 4; grey: first byte of a number; blue: the number"
    head = page.heading("A table without a header", about)
    picture, panel = page.panels(head, [["bytes"]], 0.4 * len(ids) + 0.6, alt=alt)
    axes, boxes = panel["bytes"], min(SHOWN, dim)
    table = np.zeros((len(ids), boxes + (dim > boxes)))  # 0: pale, 1: marked, 2: beyond, "…"
    table[row], table[:, boxes:] = 1, 2
    texts = np.full(table.shape, "…", object)
    texts[:, :boxes] = np.vectorize("{:,}".format)(first[:, None] + NUMBER * np.arange(boxes))
    texts[row, :boxes] = [f"{number:.4f}" for number in values[:boxes]]
    names = [one if len(one) <= LONG else f"…{one[1 - LONG :]}" for one in ids]
    look: dict[str, Any] = {"cmap": ListedColormap([page.RULE, page.SKY, "white"]), "cbar": False}
    look |= {"annot": texts, "fmt": "", "annot_kws": {"color": page.INK, "size": 10}}
    look |= {"xticklabels": [*map(str, range(boxes)), f"{dim - 1:,}"][: table.shape[1]]}
    sns.heatmap(table, ax=axes, vmin=0, vmax=2, linewidths=4, yticklabels=names, **look)
    axes.xaxis.tick_top()
    right = axes.secondary_yaxis("right")
    right.set_yticks(np.arange(len(ids)) + 0.5, begins)
    for side in (axes, right):
        side.tick_params(length=0, labelrotation=0)
        side.spines[:].set_visible(False)
        side.get_yticklabels()[row].set(weight="bold", color=page.BLUE)
    axes.tick_params(axis="x", labelcolor=page.SOFT, labelsize=10)
    return picture
