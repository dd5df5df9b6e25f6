"""Where the numbers of a table lie in a file that has no header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap

from prvr_lite.plots import page

MOST, NUMBER = 8, 4  # rows that are drawn; bytes
LEFT = 1.75  # inches for an id


@page.house_style
def byte_layout(
    ids: Sequence[str], dim: int, *, row: int, shown: int = 6, title: str = "", about: str = ""
) -> page.Picture:
    """Draws the rows of a BigFile below each other: id, numbers, and each row's first byte.

    Args:
        ids: of the first rows, at most eight. dim: numbers per row.
        row: the one that is pointed out.
        shown: how many numbers of a row are drawn as boxes; the rest is "…".
    Returns:
        a Figure with one axes, "bytes".
    Raises:
        ValueError: no rows or too many, or a row that is not one of them.
    """
    if not 1 <= len(ids) <= MOST or row not in range(len(ids)) or dim < 1 or shown < 1:
        raise ValueError(
            f"{len(ids)} ids, row {row}, dim {dim}, shown {shown} can't be drawn. To fix it: give "
            f"1 to {MOST} ids, a row that one of them has (from 0), and a dim and shown of at "
            "least 1."
        )
    import seaborn as sns

    title, about = (
        title or "A table without a header",
        about or f"row r begins at byte r · {dim} · 4",
    )
    alt = (
        f"The first {len(ids)} rows of a table of {dim} numbers per row, 4 bytes each. Row {row}, "
        f"{ids[row]}, begins at byte {row * dim * NUMBER:,}."
    )
    picture, panel = page.panels(
        page.heading(title, about), [["bytes"]], 0.4 * len(ids) + 0.6, alt=alt
    )
    axes, boxes = panel["bytes"], min(shown, dim)
    table = np.zeros((len(ids), boxes + (dim > boxes)))  # 0: pale, 1: marked, 2: beyond, "…"
    table[row], table[:, boxes:] = 1, 2
    colors = ListedColormap([page.RULE, page.SKY, "white"])
    dots = np.where(table == 2, "…", "")
    look: dict[str, Any] = {"cmap": colors, "vmin": 0, "vmax": 2, "cbar": False, "linewidths": 4}
    look |= {"annot": dots, "fmt": "", "annot_kws": {"color": page.SOFT, "size": 11}}
    sns.heatmap(table, ax=axes, **look)
    last = [f"{dim - 1:,}"] * (dim > boxes)
    axes.set_xticks(np.arange(table.shape[1]) + 0.5, [*map(str, range(boxes)), *last])
    axes.xaxis.tick_top()
    begins, places = axes.secondary_yaxis("right"), np.arange(len(ids)) + 0.5
    weights = ["bold" if place == row else "normal" for place in range(len(ids))]
    names = [_ending(name, weight) for name, weight in zip(ids, weights, strict=True)]
    axes.set_yticks(places, names, parse_math=False, rotation=0)
    begins.set_yticks(places, [f"byte {place * dim * NUMBER:,}" for place in range(len(ids))])
    for side in (axes, begins):
        side.tick_params(length=0)
        side.spines[:].set_visible(False)
        side.get_yticklabels()[row].set(weight="bold", color=page.BLUE)
    axes.tick_params(axis="x", labelcolor=page.SOFT, labelsize=10)
    return picture


def _ending(name: str, weight: str) -> str:
    """Returns the end of a name that is too long, as ids of frames differ at their end."""
    end = " ".join(name.split())
    while page.text_width(end, 11, weight) > LEFT:
        end = "…" + end.removeprefix("…")[1:]
    return end
