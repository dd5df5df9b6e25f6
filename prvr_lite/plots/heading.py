"""The heading of a picture, and the rows of panels beneath it, laid out in inches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prvr_lite.plots.canvas import INK, SOFT, WIDTH, wrap

EDGE: Final = 0.22  # inches between the page's edge and the heading
TITLE_SIZE, ABOUT_SIZE = 15.0, 11.0
TITLE_LINE, ABOUT_LINE = 0.26, 0.21  # height of a line in inches


@dataclass(frozen=True)
class Heading:
    """A title in bold and a line about it, already broken to fit the page."""

    title: str
    about: str

    @property
    def height(self) -> float:
        """Inches from the top of the page to the end of the heading."""
        about = ABOUT_LINE * (1 + self.about.count("\n")) if self.about else 0.0
        return EDGE + TITLE_LINE * (1 + self.title.count("\n")) + about

    def draw(self, figure: Figure, *, color: str = INK, soft: str = SOFT) -> None:
        """Write both at the top left of the page."""
        x, page = EDGE / figure.get_figwidth(), figure.get_figheight()
        figure.suptitle(
            self.title,
            x=x,
            y=1 - EDGE / page,
            ha="left",
            va="top",
            size=TITLE_SIZE,
            weight="bold",
            color=color,
            parse_math=False,
            linespacing=1.15,
        )
        y = EDGE + TITLE_LINE * (1 + self.title.count("\n")) + 0.03
        figure.text(
            x,
            1 - y / page,
            self.about,
            ha="left",
            va="top",
            size=ABOUT_SIZE,
            color=soft,
            parse_math=False,
        )


def heading(title: str, about: str = "", *, width: float = WIDTH) -> Heading:
    """Break a title (up to three lines) and a line about it (up to two) to a page `width` wide."""
    room = width - 2 * EDGE
    return Heading(
        wrap(title, room, TITLE_SIZE, weight="bold"), wrap(about, room, ABOUT_SIZE, lines=2)
    )


def stack(
    figure: Figure, rows: Mapping[str, float], *, top: float, left: float, right: float, gap: float
) -> dict[str, Axes]:
    """Panels one under the other, `gap` apart, each labelled with its name; all in inches.

    Args:
        rows: height of each panel by name, from the top down; a panel of height 0 is left out.
        top, left, right: margins. gap: between panels.
    """
    width, page = figure.get_figwidth(), figure.get_figheight()
    axes, y = {}, page - top
    for name, height in rows.items():
        if height > 0:
            y -= height
            box = (left / width, y / page, (width - left - right) / width, height / page)
            axes[name] = figure.add_axes(box, label=name)
            y -= gap
    return axes
