"""What every picture shares: the page, its style and heading, its alt text, text that fits, saving.

Pictures use it as a namespace, ``from prvr_lite.plots import page``: ``page.heading(…)``,
``page.BLUE``. No function here or beside it touches pyplot, so nothing is shown, kept open or taken
from the reader's own matplotlib settings: a picture is a plain `Figure`, and is freed like any
object.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import seaborn as sns
from matplotlib import rc_params_from_file, style
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

Array = NDArray[np.float64]
Spot = tuple[float, float]
Unit = str | tuple[str, str]  # what a spot is measured in, or its x and its y

WIDTH: Final = 7.2  # inches; with text of 10 points and more it stays legible 400 pixels wide
SCREEN_DPI: Final = 144
EDGE: Final = 0.22  # inches between the page's edge and the heading
TITLE_SIZE, ABOUT_SIZE = 15.0, 11.0
TITLE_LINE, ABOUT_LINE = 0.26, 0.21  # height of a line in inches

# Okabe and Ito's colours, which readers with any common colour vision can distinguish.
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
VERMILION, SKY, GREY = "#D55E00", "#56B4E9", "#8A8F98"
CYCLE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, GREY)


def _sheet(name: str) -> dict[str, Any]:
    """Returns the settings in a style sheet of this folder."""
    path = Path(__file__).with_name(f"{name}.mplstyle")
    return {str(key): one for key, one in rc_params_from_file(path, False, False).items()}


# The look of words and axes on a white page, and what differs on a dark one.
HOUSE, DARK = _sheet("house"), _sheet("night")
INK, SOFT, RULE = (HOUSE[name] for name in ("text.color", "axes.edgecolor", "grid.color"))
OTHERS: Final = (GREY, ORANGE, GREEN, SKY, PURPLE, VERMILION, INK)  # models beside ours, BLUE
# The look of a number in a chart; its background hides the grid and the bar behind it.
PATCH: Final = {"fc": "white", "ec": "none", "pad": 0.5}
NUMBER: Final[dict[str, Any]] = {"ha": "center", "weight": "bold", "bbox": PATCH}
# Videos are shown on dark pages, with light colours for words, bars and marks.
NIGHT, HAZE, CHALK = (DARK[name] for name in ("axes.facecolor", "xtick.color", "text.color"))
RAIL = "#1A2440"
SPOT, GLOW = "#4DD8FF", "#FFD98A"  # the true moment; what the model attends to

# Decorate each drawing function: the reader's own style neither leaks in nor is changed.
house_style = style.context(["default", HOUSE])
night_style = style.context(["default", HOUSE, DARK])


class Picture(Figure):
    """A Figure that notebooks show by itself, with its alt text for screen readers."""

    def _ipython_display_(self) -> None:
        display = import_module("IPython.display").display  # only IPython calls this method
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=SCREEN_DPI)
        data = {"image/png": b64encode(stream.getvalue()).decode(), "text/plain": alt_text(self)}
        about = {"alt": alt_text(self), "width": round(self.get_figwidth() * 100)}
        display(data, metadata={"image/png": about}, raw=True)


def new_picture(width: float, height: float, *, alt: str, **settings: Any) -> Picture:
    """Returns an empty page of `width` x `height` inches that carries the alt text `alt`."""
    picture = Picture(figsize=(width, height), dpi=SCREEN_DPI, **settings)
    picture.set_label(alt)
    return picture


def alt_text(figure: Figure) -> str:
    """Returns what the picture shows, in words, for screen readers, `alt=` and captions."""
    return str(figure.get_label())


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 200) -> Path:
    """Writes a picture, with its title and alt text in the file's metadata, and returns the path.

    Args:
        figure: what any function of `prvr_lite.plots` returned.
        path: where to; its ending chooses .png, .svg or .pdf. Missing folders are made.
        dpi: dots per inch of a .png.
    Raises:
        ValueError: for another ending.
    """
    path = Path(path)
    words = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}
    kind = path.suffix.lower()
    require(kind in words, f"{path.name}: cannot save as {kind!r}; end it in .png, .svg or .pdf")
    title = " ".join(figure.get_suptitle().split())
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=dpi, metadata={"Title": title, words[kind]: alt_text(figure)})
    return path


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
        """Writes the title and the line about it at the top left of the page."""
        x, page = EDGE / figure.get_figwidth(), figure.get_figheight()
        y = EDGE + TITLE_LINE * (1 + self.title.count("\n")) + 0.03
        place: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
        title: dict[str, Any] = {"size": TITLE_SIZE, "weight": "bold", "linespacing": 1.15}
        figure.suptitle(self.title, x=x, y=1 - EDGE / page, color=color, **title, **place)
        figure.text(x, 1 - y / page, self.about, size=ABOUT_SIZE, color=soft, **place)


def heading(title: str, about: str = "") -> Heading:
    """Returns a heading: a title and a line about it, broken to fit the page.

    The title may have up to three lines, the line about it up to two.
    """
    room = WIDTH - 2 * EDGE
    bold = wrap(title, room, TITLE_SIZE, weight="bold")
    return Heading(bold, wrap(about, room, ABOUT_SIZE, lines=2))


def panels(
    head: Heading,
    mosaic: Sequence[Sequence[str]],
    height: float,
    *,
    alt: str,
    dark: bool = False,
    gap: float = 0.08,
    beside: float | None = None,
    left: float = 0.0,
    **settings: Any,
) -> tuple[Picture, dict[str, Axes]]:
    """Returns a page with its heading, and the panels in `height` inches below it, by name.

    Matplotlib lays out the panels.

    The constrained layout leaves room for labels, titles and legends, whatever they say, so that
    the size of the page depends on the heading and on `height` alone.

    Args:
        mosaic: names of the panels, row by row; each becomes the label of its axes, "." is empty.
        alt: in words. dark: a page for videos. gap: inches between two panels.
        beside: inches between panels side by side, by default `gap`.
        left: inches kept free beside the panels, for names on pages that follow a slider.
        settings: of `Figure.subplot_mosaic`, such as height_ratios or sharex.
    """
    face, ink, soft = (NIGHT, CHALK, HAZE) if dark else ("white", INK, SOFT)
    across = gap if beside is None else beside
    tall, edge = head.height + height, EDGE - across / 2
    wide = 1 - (2 * edge + left) / WIDTH
    rect = (edge + left) / WIDTH, 0.03 / tall, wide, (height - 0.1) / tall
    layout = ConstrainedLayoutEngine(w_pad=across / 2, h_pad=gap / 2, hspace=0, wspace=0, rect=rect)
    picture = new_picture(WIDTH, tall, alt=alt, facecolor=face, layout=layout)
    head.draw(picture, color=ink, soft=soft)
    return picture, picture.subplot_mosaic([list(row) for row in mosaic], **settings)


def settle(picture: Figure) -> None:
    """Fixes the layout of the page, so that the places and sizes of its panels are known."""
    picture.draw_without_rendering()
    picture.set_layout_engine("none")


def color_scale(
    picture: Figure, shown: ScalarMappable, panels: Sequence[Axes], unit: str = "", **style: Any
) -> Axes:
    """Draws the colour scale of all panels at their right, and returns its axes, "scale".

    Args:
        unit: of the colours. style: of `Figure.colorbar`.
    """
    look: dict[str, Any] = {"aspect": 30, "pad": 0.02, "ticks": MaxNLocator(4)}
    bar = picture.colorbar(shown, ax=panels, label=unit, **look | style)
    bar.ax.set_label("scale")
    bar.outline.set_visible(False)
    return bar.ax


def write(
    axes: Axes, text: str, spot: Spot, away: Spot = (0.0, 0.0), *, at: Unit = "data", **style: Any
) -> Annotation:
    """Writes `text` at a spot, or `away` points from it, also outside the panel.

    Args:
        at: what `spot` is measured in, matplotlib's ``xycoords``. style: of the text.
    """
    look: dict[str, Any] = {"annotation_clip": False, "parse_math": False}
    return axes.annotate(text, spot, away, at, "offset points", **look | style)


def letters(color: str) -> tuple[float, float, float]:
    """Returns the colour, or a darker tone whose letters on white have a contrast of 4.5:1."""
    tones: list[tuple[float, float, float]] = sns.blend_palette([color, INK], 24)
    return next(one for one in tones if 1.05 / (0.05 + sns.utils.relative_luminance(one)) > 4.5)


def panel(figure: Figure, box: tuple[float, float, float, float], name: str) -> Axes:
    """Returns a new empty panel at (left, bottom, width, height) in inches."""
    wide, tall = figure.get_size_inches()
    x, y, width, height = box
    return figure.add_axes((x / wide, y / tall, width / wide, height / tall), label=name)


def as_array(value: object, name: str, *, ndim: int = 1) -> Array:
    """Returns `value` (list, NumPy array or torch tensor on any device) as a float64 array.

    Raises:
        ValueError: if it holds no numbers, is empty, or has not `ndim` axes.
    """
    if hasattr(value, "detach"):  # a torch tensor, recognised without importing torch
        value = value.detach().cpu().double().numpy()
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    wanted, shape = f"{ndim} axis/axes and a value", list(array.shape)
    require(array.ndim == ndim and array.size, f"{name} must have {wanted}, but has shape {shape}")
    return array


def finite(
    value: object,
    name: str,
    *,
    ndim: int = 1,
    shape: tuple[int, ...] | None = None,
    above: float = -np.inf,
    low: float = -np.inf,
    high: float = np.inf,
) -> Array:
    """Returns `value` as `as_array` does, after a check that every number is finite and fits.

    Args:
        ndim: axes; 0 for a single number. shape: that it must have.
        above: what every number must exceed. low, high: the least and the greatest allowed.
    Raises:
        ValueError: naming `name` and the first numbers that do not fit.
    """
    array = as_array(value, name, ndim=ndim)
    sizes = f"{name} has shape {list(array.shape)}, but must have {list(shape or ())}"
    require(shape is None or array.shape == shape, sizes)
    wrong = array[~(np.isfinite(array) & (array > above) & (array >= low) & (array <= high))]
    bounds = {"above": above, "at least": low, "at most": high}
    limits = ["finite", *(f"{word} {x:g}" for word, x in bounds.items() if np.isfinite(x))]
    values = ", ".join(f"{number:g}" for number in wrong[:3])
    require(not wrong.size, f"{name} must be {' and '.join(limits)}, but holds {values}")
    return array


def require(fits: object, problem: str) -> None:
    """Raises a ValueError that says the problem, unless it `fits`."""
    if not fits:
        raise ValueError(problem)


def plain(text: str) -> str:
    """Returns `text` on one line; matplotlib will not take its dollar signs for mathematics."""
    return " ".join(str(text).split()).replace("$", r"\$")


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Returns how many inches one line of `text` takes at `size` points."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(width) / 72


def wrap(text: str, inches: float, size: float, *, weight: str = "normal", lines: int = 3) -> str:
    """Returns `text` in lines of at most `inches`; what exceeds `lines` becomes an ellipsis.

    A word that no line can hold, such as a long address or id, is cut.
    """

    def fits(row: str) -> bool:
        return text_width(row, size, weight) <= inches

    rows = [""]
    for word in str(text).split():
        if fits(f"{rows[-1]} {word}".strip()):
            rows[-1] = f"{rows[-1]} {word}".strip()
            continue
        rows.append("")
        for letter in word:
            if rows[-1] and not fits(rows[-1] + letter):
                rows.append("")
            rows[-1] += letter
    rows = [row for row in rows if row]
    if len(rows) > lines:
        last = rows[lines - 1]
        while last and not fits(last + "…"):
            last = last[:-1].rstrip()
        rows[lines - 1 :] = [last + "…"]
    return "\n".join(rows)
