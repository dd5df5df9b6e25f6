"""One slider that redraws one picture, and the one place that decides whether there can be one."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any, TypeVar

from prvr_lite.course.kit import kernel
from prvr_lite.plots import page

STATIC = "PRVR_LITE_STATIC"  # "1": never a slider; "0": always one; else it depends
Value = TypeVar("Value")


def slider(
    draw: Callable[[Value], page.Picture],
    *,
    values: Sequence[Value],
    label: str,
    static: Callable[[], page.Picture],
    start: Value | None = None,
    in_words: Callable[[Value], str] = str,
    over: Callable[[page.Picture], str] = lambda picture: "",
) -> Any:
    """Returns a slider above a picture that follows it; else small multiples, always the same.

    Make it the last expression of a cell. Each picture is drawn when its value is first chosen.

    Args:
        draw: a value -> its picture; every picture should be of the same size.
        values: what the slider steps through, in order.
        label: what the values are, such as "temperature".
        static: draws the small multiples, one picture, for where no slider can be driven (see
            ``can_slide``): for instance `draw`'s panels for three telling values.
        start: the first value shown; None: the first of ``values``.
        in_words: a value -> its text beside the slider, where there is room for 20 characters.
        over: a picture -> an <svg> that lies over it, for what shows up where a reader points.
    Returns:
        an ipywidgets box, or the ``Picture`` of ``static``.
    Raises:
        ValueError: no values, or a ``start`` that is not among them.
    """
    if not values:
        raise ValueError(f"the slider {label!r} has no values to step through")
    first = values[0] if start is None else start
    if first not in values:
        raise ValueError(f"the slider {label!r} can't start at {first!r}: it is not among values")
    if not can_slide():
        return static()
    widgets = import_module("ipywidgets")
    control = widgets.SelectionSlider(
        options=[(in_words(value), i) for i, value in enumerate(values)],
        index=list(values).index(first),
        description=label,
        continuous_update=False,  # draw where the slider is let go, not on its whole way
        style={"description_width": "initial"},
        layout={"width": "36em", "max_width": "100%", "margin": "2px"},
    )
    drawn: dict[int, str] = {}

    def shown(i: int) -> str:
        if i not in drawn:
            picture = draw(values[i])
            drawn[i] = image_html(picture, over(picture))
        return drawn[i]

    view = widgets.HTML(shown(control.value))
    control.observe(lambda change: setattr(view, "value", shown(change["new"])), names="value")
    return widgets.VBox([control, view])


def can_slide() -> bool:
    """Returns whether a reader is there to move a slider.

    True where ipywidgets is installed and the running cell was sent by a front end that could also
    ask its reader for input: JupyterLab, Notebook, VS Code and Colab say so in every request,
    nbclient (so nbconvert, nbgrader, papermill and our tests) says the opposite. The environment
    variable PRVR_LITE_STATIC decides without asking: "1" for no, "0" for yes.

    Source: ``allow_stdin`` of execute_request, in the Jupyter messaging specification, 5.0 on.
    """
    said = os.environ.get(STATIC, "")
    if said == "1" or find_spec("ipywidgets") is None:
        return False
    return said == "0" or _front_end_asks()


def _front_end_asks() -> bool:
    """Returns whether the request for the running cell lets the cell ask its reader for input."""
    parent: Any = getattr(kernel(), "get_parent", dict)()
    return bool(parent.get("content", {}).get("allow_stdin", False))


def image_html(picture: page.Picture, over: str = "") -> str:
    """Returns a picture as an <img> with its alt text, never wider than the notebook.

    Args:
        over: an <svg> that fills the picture's place, whatever its width: ``position:absolute``.
    """
    stream = BytesIO()
    picture.savefig(stream, format="png", dpi=page.SCREEN_DPI)
    data = b64encode(stream.getvalue()).decode()
    width = round(100 * picture.get_figwidth())
    return (
        f'<div style="position:relative;width:100%;max-width:{width}px">'
        f'<img src="data:image/png;base64,{data}" alt="{escape(page.alt_text(picture))}" '
        f'style="display:block;width:100%">{over}</div>'
    )
