"""What a search keeps against how much it looks at."""

from __future__ import annotations

from collections.abc import Mapping

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import mark_spot
from prvr_lite.plots.seeds import Value
from prvr_lite.plots.spread_curves import spread_curves


def recall_curves(
    panels: Mapping[str, Mapping[str, Mapping[float, Value]]],
    *,
    xlabel: str,
    title: str,
    enough: float | None = None,
) -> page.Picture:
    """Draws curves as ``spread_curves`` does, those that are not logarithmic from 0.

    Args:
        panels: as in ``spread_curves``. enough: the x of a dotted line, where recall reaches 99 %.
    """
    about = "" if enough is None else f"dotted: {enough:g}, the first with a recall of 99 %"
    picture = spread_curves(panels, xlabel=xlabel, logarithmic=True, title=title, about=about)
    for axes in picture.axes:
        if enough is not None:
            mark_spot(axes, enough, "enough")
        if axes.get_yscale() == "linear":
            axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
    return picture
