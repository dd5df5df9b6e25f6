"""Product quantisation: a vector beside what is left of it when each part is one of a few."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page


@page.house_style
def code_parts(
    vector: object,
    rebuilt: object,
    code: object,
    *,
    title: str = "A vector, and its code",
    number_bytes: int = 4,
) -> page.Picture:
    """Draws a vector's numbers as bars, and over them the numbers that its code stands for.

    Args:
        vector: [D]. rebuilt: [D], from the code. code: [m] of one byte each, for D / m numbers.
        number_bytes: bytes of one number of the vector.
    Returns:
        a Figure with the axes "code"; its parts are "vector" and "rebuilt".
    Raises:
        ValueError: of different length, or parts that do not divide the numbers.
    """
    original, copy = page.as_array(vector, "vector"), page.as_array(rebuilt, "rebuilt")
    codes = page.as_array(code, "code")
    size, parts = len(original), len(codes)
    if copy.shape != original.shape or size % parts:
        raise ValueError(
            f"vector has {size} numbers, rebuilt {len(copy)}, and code {parts} parts. To fix it: "
            "give vector and rebuilt the same length, a multiple of the number of parts."
        )
    cosine = float(original @ copy / (np.linalg.norm(original) * np.linalg.norm(copy)))
    before, after = number_bytes * size, parts
    about = (
        f"grey: {size} numbers, {before:,} bytes; blue: what {after} bytes stand for, one per part "
        f"(above it); cosine of the two: {cosine:.2f}"
    )
    listed = ", ".join(f"{c:.0f}" for c in codes)
    alt = (
        f"{size} numbers in {parts} parts, each replaced by an entry of its code book: codes "
        f"{listed}; {before} bytes become {after}, cosine {cosine:.2f}."
    )
    head = page.heading(title, about)
    picture, panels = page.panels(head, [["code"]], 3.3, alt=alt)
    axes = panels["code"]
    axes.bar(np.arange(size) + 0.5, original, width=0.9, color=page.GREY, alpha=0.6, label="vector")
    axes.stairs(copy, np.arange(size + 1), color=page.BLUE, lw=2, baseline=None, label="rebuilt")
    _draw_codes(axes, codes, size)
    axes.axhline(0, color=page.INK, lw=0.8)
    axes.set(xlim=(0, size), xlabel="number of the vector", ylabel="value")
    return picture


def _draw_codes(axes: Axes, codes: np.ndarray, size: int) -> None:
    """Draws a line where each part begins, and the code of the part above it."""
    parts = len(codes)
    step = size // parts
    for part, number in enumerate(codes):
        axes.axvline(part * step, color=page.RULE, lw=1, zorder=0.5)
        spot, style = ((part + 0.5) / parts, 1), {"size": 10, "weight": "bold", "color": page.BLUE}
        page.write(axes, f"{number:.0f}", spot, (0, 5), at="axes fraction", ha="center", **style)
