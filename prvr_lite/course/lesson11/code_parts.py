"""Product quantisation: a vector beside what is left of it when each part is one of a few."""

from __future__ import annotations

import numpy as np

from prvr_lite.plots import page


@page.house_style
def code_parts(vector: object, rebuilt: object, code: object, *, title: str) -> page.Picture:
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
    about = (
        f"grey: {size} numbers, {4 * size:,} bytes; blue: what {parts} bytes stand for, one per "
        f"part (above it); cosine of the two: {cosine:.2f}"
    )
    names = [f"{number:.0f}" for number in codes]
    alt = (
        f"{size} numbers in {parts} parts, each replaced by an entry of its code book: codes "
        f"{', '.join(names)}; {4 * size} bytes become {parts}, cosine {cosine:.2f}."
    )
    picture, panels = page.panels(page.heading(title, about), [["code"]], 3.3, alt=alt)
    axes = panels["code"]
    axes.bar(np.arange(size) + 0.5, original, width=0.9, color=page.GREY, alpha=0.6, label="vector")
    axes.stairs(copy, np.arange(size + 1), color=page.BLUE, lw=2, baseline=None, label="rebuilt")
    for edge in range(0, size, size // parts):
        axes.axvline(edge, color=page.RULE, lw=1, zorder=0.5)
    above = axes.secondary_xaxis("top")
    above.set_xticks((np.arange(parts) + 0.5) * size / parts, names, size=10, weight="bold")
    above.tick_params(length=0, labelcolor=page.BLUE)
    above.spines[:].set_visible(False)
    axes.axhline(0, color=page.INK, lw=0.8)
    axes.set(xlim=(0, size), xlabel="place in the vector", ylabel="value")
    return picture
