"""Turns the times that a video file gives its pictures into seconds since the first picture.

A file's clock is meant to begin anywhere and to go on from there. In real files it also steps back,
where recordings were joined, and jumps ahead, where a camera's time was set. Each time is then
counted on from the picture before, and :meth:`Clock.notes` says so.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

BACK: Final = Fraction(1, 4)  # s; a smaller step back is a picture out of order, which adds nothing


class Clock:
    """Gives each picture of a video the second from which it is shown, never before an earlier one.

    Args:
        usual: how long a picture stands where the file does not say so, in seconds.

    Attributes:
        end: the second at which the last picture so far is over.
    """

    def __init__(self, usual: Fraction) -> None:
        self.usual, self.end = usual, Fraction(0)
        self._start = self._offset = self._step = Fraction(0)  # of the picture before
        self._begun = False
        self._steps_back: list[float] = []  # s

    def start(self, time: Fraction | None, lasts: Fraction) -> Fraction:
        """Returns the second from which the next picture is shown.

        Args:
            time: the file's time of the picture; None: it follows the one before.
            lasts: how long it stands as the file says; 0: unknown.
        """
        if not self._begun and time is not None:
            self._offset, self._begun = -time, True
        start = self.end if time is None else time + self._offset
        if start < self._start - BACK:
            seam = self._start + (self._step or min(self.usual, Fraction(1)))
            self._steps_back.append(float(seam))
            self._offset += seam - start
            start = seam
        if start > self._start:
            self._step, self._start = start - self._start, start
        self.end = self._start + (lasts or self.usual)
        return self._start

    def notes(self) -> list[str]:
        """What was wrong with the file's clock, a line for each kind of fault."""
        notes = []
        if self._steps_back:
            where = _places(self._steps_back)
            notes.append(f"its clock steps back {where}: the pictures after it follow on")
        return notes


def _places(seconds: list[float]) -> str:
    times = f"{len(seconds)} times, first" if len(seconds) > 1 else "once,"
    return f"{times} at {seconds[0]:.1f} s"
