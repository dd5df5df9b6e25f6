"""Pictures of a film beside each other, each with its name."""

from __future__ import annotations

from collections.abc import Mapping

from prvr_lite.plots import page


@page.house_style
def side_by_side(pictures: Mapping[str, object], *, title: str) -> page.Picture:
    """Draws pictures in one row, each with its name above it.

    Args:
        pictures: name -> RGB [h, w, 3].
    Returns:
        a Figure with one axes for each picture, labelled with its name.
    Raises:
        ValueError: one that is not RGB.
    """
    alt = f"{title}: {len(pictures)} pictures, {'; '.join(pictures)}."
    figure, axes = page.panels(page.heading(title), [list(pictures)], 2.4, alt=alt, gap=0.3)
    for name, pixels in pictures.items():
        axes[name].imshow(page.finite(pixels, name, ndim=3).astype("uint8"))
        axes[name].set_title(name, size=12)
        axes[name].axis("off")
    return figure
