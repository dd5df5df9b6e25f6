"""Lesson 8: a training run that draws itself while it runs, and can be interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any

from prvr_lite.config import PRESETS
from prvr_lite.course.slider import can_slide, image_html
from prvr_lite.plots import page
from prvr_lite.plots.training_curves import training_curves
from prvr_lite.training.fit import History

Rows = Sequence[Mapping[str, float]]


def live_curves(
    epochs: int | None = None,
    *,
    title: str = "Training MS-SL++",
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[History], None]:
    """Returns a ``watch`` for ``trained`` or ``fit``: curves that grow epoch by epoch.

    Where a front end listens (see ``slider.can_slide``), one picture appears with the first
    epoch and is replaced after each one; the line above it tells the epoch and how long the rest
    will take. Elsewhere nothing appears before the last epoch, and then one picture. A run that
    is taken up again shows its earlier epochs at once.

    Args:
        epochs: how many the run has; None: those of the sample preset.
        title: of the picture.
        clock: seconds, from any start.
    """
    planned = PRESETS["sample"].training.epochs if epochs is None else epochs
    return _LiveCurves(planned, title, clock)


class _LiveCurves:
    """Redraws one output of the cell that first called it."""

    def __init__(self, epochs: int, title: str, clock: Callable[[], float]) -> None:
        if epochs < 1:
            raise ValueError(f"live_curves needs the number of epochs, 1 or more, not {epochs}")
        self.epochs, self.title, self.clock = epochs, title, clock
        self.live = can_slide()
        self.began: tuple[float, int] | None = None  # clock and number of epochs at the first call
        self.output: Any = None  # IPython's handle of what is shown

    def __call__(self, history: History) -> None:
        done = len(history.rows)
        now = self.clock()
        self.began = self.began or (now, done)
        if self.live:
            self._show(history.rows, time_left(self.began, now, done, self.epochs))
        elif done >= self.epochs:
            display = import_module("IPython.display").display
            display(epoch_curves(history.rows, self.epochs, title=self.title))

    def _show(self, rows: Rows, left: float | None) -> None:
        display = import_module("IPython.display")
        shown = f"<p>{escape(progress_line(rows, self.epochs, left))}</p>"
        if rows:
            shown += image_html(epoch_curves(rows, self.epochs, title=self.title))
        if self.output is None:
            self.output = display.display(display.HTML(shown), display_id=True)
        else:
            self.output.update(display.HTML(shown))


def time_left(began: tuple[float, int], now: float, done: int, epochs: int) -> float | None:
    """Seconds to the last epoch at the pace so far; None before an epoch is done here.

    Args:
        began: clock and number of finished epochs when this session took the run up.
        now: clock. done, epochs: finished, and planned.
    """
    start, before = began
    if done == before:
        return None
    return (now - start) / (done - before) * max(0, epochs - done)


def progress_line(rows: Rows, epochs: int, left: float | None) -> str:
    """Returns one line: the epoch, the time left, the last loss and validation SumR."""
    if not rows:
        return f"epoch 0 of {epochs}: the first one takes a moment"
    if len(rows) >= epochs:
        rest = "finished"
    else:
        rest = "measuring the pace" if left is None else f"about {_spoken(left)} to go"
    last = rows[-1]
    shown = [f"{name} {last[name]:.{digits}f}" for name, digits in _SHOWN if name in last]
    return f"epoch {len(rows)} of {epochs}, {rest} · {', '.join(shown)}"


_SHOWN = (("loss", 3), ("R@1", 1), ("SumR", 1))


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes"


def epoch_curves(rows: Rows, epochs: int, *, title: str = "Training MS-SL++") -> page.Picture:
    """Draws ``training_curves`` on an axis as long as the whole run, with epochs from 0.

    Args:
        rows: of a history, one or more. epochs: planned; more rows than that widen the axis.
    """
    picture = training_curves(rows, title=title)
    for axes in picture.axes:
        axes.set_xlim(-0.3, max(epochs, len(rows)) - 0.7)
    return picture
