"""Ways to ask a picture what it shows, shared by the tests of the plots."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any
from unittest.mock import patch

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image
from seaborn.utils import relative_luminance


def picture_of(color: tuple[int, int, int], size: tuple[int, int] = (24, 24)) -> bytes:
    """A plain thumbnail."""
    stream = io.BytesIO()
    Image.new("RGB", size, color).save(stream, "PNG")
    return stream.getvalue()


def names(figure: Figure) -> list[str]:
    return [str(axes.get_label()) for axes in figure.axes]


def panel(figure: Figure, name: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == name)


def part(axes: Axes, label: str) -> Any:
    return next(artist for artist in axes.get_children() if artist.get_label() == label)


def bars(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Start and end of the labelled horizontal bars."""
    return {
        str(box.get_label()): [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in box]
        for box in axes.containers
    }


def words(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is really drawn, and the box it fills in pixels."""
    canvas = FigureCanvasAgg(figure)
    drawn: list[Text] = []
    draw = Text.draw

    def note(text: Text, *args: Any, **settings: Any) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        draw(text, *args, **settings)

    with patch.object(Text, "draw", note):
        canvas.draw()
    renderer = canvas.get_renderer()
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in drawn]


def assert_readable(figure: Figure) -> None:
    """No word leaves the page, and no two words overlap."""
    page, texts = figure.bbox, words(figure)
    assert texts
    for text, box in texts:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert inside, f"{text!r} at {box} leaves the page {page.width} x {page.height}"
    for (one, a), (two, b) in combinations(texts, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide < 2 or high < 4, f"{one!r} overlaps {two!r} by {wide:.0f} x {high:.0f} pixels"


def contrast(one: Any, two: Any) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted(relative_luminance(to_rgb(color)) for color in (one, two))
    return float((high + 0.05) / (low + 0.05))


def assert_contrast(figure: Figure) -> None:
    """Every word has a contrast of 4.5 with its background: the page, or the text's own patch."""
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            patch = text.get_bbox_patch()
            ground = patch.get_facecolor() if patch else figure.get_facecolor()
            assert contrast(text.get_color(), ground) >= 4.5, text
