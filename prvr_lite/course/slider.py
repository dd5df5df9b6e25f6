"""Shows sliders and switches that redraw one picture, if the notebook can run them."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from prvr_lite.course.kit import kernel
from prvr_lite.plots import page

STATIC = "PRVR_LITE_STATIC"  # "1": never a slider; "0": always one; else it depends


def controls(
    draw: Callable[..., page.Picture],
    choices: Mapping[str, Mapping[Any, str]],
    *,
    static: Callable[[], page.Picture],
    start: Sequence[Any],
    over: Callable[[page.Picture], str] = lambda picture: "",
) -> Any:
    """Returns controls above a picture that follows them; else small multiples, always the same.

    Make it the last expression of a cell. Each picture is drawn when its values are first chosen.

    Args:
        draw: a value of each control -> the picture; every picture should be of the same size.
        choices: label, such as "temperature" -> what the control steps through, in order: value ->
            its text, where there is room for 20 characters. Values without a label are buttons.
        static: draws the small multiples, one picture, for where no control can be driven (see
            ``can_slide``): for instance `draw`'s panels for three telling values.
        start: the value of each control that is shown first.
        over: a picture -> an <svg> that lies over it, for what shows up where a reader points.
    Returns:
        an ipywidgets box, or the ``Picture`` of ``static``.
    Raises:
        ValueError: a ``start`` that is not among the values.
    """
    for (label, values), first in zip(choices.items(), start, strict=True):
        page.require(first in values, f"{label!r} can't start at {first!r}: it is not among values")
    if not can_slide():
        return static()
    widgets = import_module("ipywidgets")
    slides: dict[str, Any] = {
        "continuous_update": False,  # draw where the slider is let go, not on its whole way
        "style": {"description_width": "initial"},
        "layout": {"width": "36em", "max_width": "100%", "margin": "2px"},
    }
    made = []
    for (label, values), first in zip(choices.items(), start, strict=True):
        options = [(text, value) for value, text in values.items()]
        kind, look = (widgets.SelectionSlider, slides) if label else (widgets.ToggleButtons, {})
        made.append(kind(options=options, value=first, description=label, **look))

    @cache
    def shown(*values: Any) -> str:
        picture = draw(*values)
        return image_html(picture, over(picture))

    view = widgets.HTML()

    def show(_: object = None) -> None:
        view.value = shown(*(control.value for control in made))

    for control in made:
        control.observe(show, names="value")
    show()
    return widgets.VBox([*made, view])  # under each other there is room on any page


def slider(
    draw: Callable[[Any], page.Picture],
    *,
    values: Sequence[Any],
    label: str,
    static: Callable[[], page.Picture],
    start: Any = None,
    in_words: Callable[[Any], str] = str,
    over: Callable[[page.Picture], str] = lambda picture: "",
) -> Any:
    """Returns one slider above a picture that follows it; see ``controls``.

    Args:
        start: the first value shown; None: the first of ``values``. in_words: a value -> its text.
    """
    choices = {label: {value: in_words(value) for value in values}}
    first = values[0] if start is None else start
    return controls(draw, choices, static=static, start=[first], over=over)


def can_slide() -> bool:
    """Returns whether a reader can move a slider in the running notebook.

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
