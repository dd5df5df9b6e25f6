"""Lesson 8: a training run that draws itself while it runs, and can be interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from html import escape

from prvr_lite.course.kit import in_place
from prvr_lite.course.slider import can_slide, image_html
from prvr_lite.plots import page
from prvr_lite.plots.training_curves import training_curves
from prvr_lite.training.fit import History

Rows = Sequence[Mapping[str, float]]
SHOWN = {"loss": 3, "R@1": 1, "SumR": 1}  # decimals


def live_curves(epochs: int) -> Callable[[History], None]:
    """Returns a ``watch`` for ``trained`` or ``fit``: curves that grow epoch by epoch.

    Where a front end listens (see ``slider.can_slide``), one picture appears with the first
    epoch and is replaced after each one; the line above it tells the epoch and how long the rest
    will take. Elsewhere nothing appears before the last epoch, and then one picture. A run that
    is taken up again shows its earlier epochs at once.

    Args:
        epochs: how many the run has.
    """
    live, show = can_slide(), in_place()
    began = list[tuple[float, int]]()  # clock and number of epochs at the first call

    def watch(history: History) -> None:
        rows, done, now = history.rows, len(history.rows), time.monotonic()
        began.append((now, done))
        if live:
            line = progress_line(rows, epochs, time_left(began[0], now, done, epochs))
            curves = image_html(epoch_curves(rows, epochs)) if rows else ""
            show({"text/html": f"<p>{escape(line)}</p>{curves}", "text/plain": line})
        elif done >= epochs:
            epoch_curves(rows, epochs)._ipython_display_()

    return watch


def time_left(began: tuple[float, int], now: float, done: int, epochs: int) -> float | None:
    """Returns the seconds to the last epoch at the pace so far; None before an epoch is done here.

    Args:
        began: clock and number of finished epochs when this session took the run up.
        now: clock. done, epochs: finished, and planned.
    """
    start, before = began
    return (now - start) / (done - before) * max(0, epochs - done) if done > before else None


def progress_line(rows: Rows, epochs: int, left: float | None) -> str:
    """Returns one line: the epoch, the time left, the last loss and validation SumR."""
    if not rows:
        return f"epoch 0 of {epochs}: the first one takes a moment"
    rest = "measuring the pace"
    if len(rows) >= epochs:
        rest = "finished"
    elif left is not None:
        rest = f"about {left:.0f} s to go" if left < 90 else f"about {left / 60:.0f} minutes to go"
    shown = [f"{n} {rows[-1][n]:.{digits}f}" for n, digits in SHOWN.items() if n in rows[-1]]
    return f"epoch {len(rows)} of {epochs}, {rest} · {', '.join(shown)}"


def epoch_curves(rows: Rows, epochs: int) -> page.Picture:
    """Draws ``training_curves`` on an axis as long as the whole run, with epochs from 0.

    Args:
        rows: of a history, one or more. epochs: planned; more rows than that widen the axis.
    """
    picture = training_curves(rows, title="Training MS-SL++")
    picture.axes[-1].set_xlim(-0.3, max(epochs, len(rows)) - 0.7)  # all panels share it
    return picture
