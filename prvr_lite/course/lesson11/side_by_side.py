"""Pictures of a film beside each other, each with its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prvr_lite.plots import page

HIGH: Final = 1.9  # inches of a picture


@page.house_style
def side_by_side(pictures: Mapping[str, object], *, title: str) -> page.Picture:
    """Draws pictures in one row, each with its name above it.

    Args:
        pictures: name -> RGB [h, w, 3].
    Returns:
        a Figure with one axes for each picture, labelled with its name.
    Raises:
        ValueError: there is none.
    """
    if not pictures:
        raise ValueError("pictures must hold a picture")
    alt = f"{title}: {len(pictures)} pictures, {'; '.join(pictures)}."
    head = page.heading(title, "")
    figure, axes = page.panels(head, [list(pictures)], HIGH + 0.5, alt=alt, gap=0.3)
    for name, pixels in pictures.items():
        axes[name].imshow(page.as_array(pixels, name, ndim=3).astype("uint8"))
        axes[name].set_title(name, size=12)
        axes[name].set(xticks=[], yticks=[])
        axes[name].spines[:].set_visible(False)
    return figure
