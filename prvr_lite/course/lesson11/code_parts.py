"""Product quantisation: a vector beside what is left of it when each part is one of a few."""

from __future__ import annotations

from typing import Any

import numpy as np

from prvr_lite.plots import page


@page.house_style
def code_parts(
    vector: object, rebuilt: object, code: object, *, title: str = "A vector, and its code"
) -> page.Picture:
    """Draws a vector's numbers as bars, and over them the numbers that its code stands for.

    Args:
        vector: [D] float32. rebuilt: [D], from the code. code: [m], a byte each, of D / m numbers.
    Returns:
        a Figure with the axes "code"; its parts are "vector" and "rebuilt".
    Raises:
        ValueError: of different length, or parts that do not divide the numbers.
    """
    original, codes = page.finite(vector, "vector"), page.finite(code, "code")
    copy = page.finite(rebuilt, "rebuilt", shape=original.shape)
    size, parts = len(original), len(codes)
    page.require(size % parts == 0, f"{size} numbers can't be cut into {parts} parts of one length")
    cosine = float(original @ copy / (np.linalg.norm(original) * np.linalg.norm(copy)))
    before = 4 * size  # bytes
    about = (
        f"grey: {size} numbers, {before:,} bytes; blue: what {parts} bytes stand for, one per part "
        f"(above it); cosine of the two: {cosine:.2f}"
    )
    alt = (
        f"{size} numbers in {parts} parts, each replaced by an entry of its code book: codes "
        f"{', '.join(f'{c:.0f}' for c in codes)}; {before} bytes become {parts}, cosine "
        f"{cosine:.2f}."
    )
    picture, panels = page.panels(page.heading(title, about), [["code"]], 3.3, alt=alt)
    axes = panels["code"]
    axes.bar(np.arange(size) + 0.5, original, width=0.9, color=page.GREY, alpha=0.6, label="vector")
    axes.stairs(copy, np.arange(size + 1), color=page.BLUE, lw=2, baseline=None, label="rebuilt")
    name: dict[str, Any] = {"ha": "center", "size": 10, "weight": "bold", "color": page.BLUE}
    for part, number in enumerate(codes):
        axes.axvline(part * size / parts, color=page.RULE, lw=1, zorder=0.5)
        spot = ((part + 0.5) / parts, 1)
        page.write(axes, f"{number:.0f}", spot, (0, 5), at="axes fraction", **name)
    axes.axhline(0, color=page.INK, lw=0.8)
    axes.set(xlim=(0, size), xlabel="number of the vector", ylabel="value")
    return picture
