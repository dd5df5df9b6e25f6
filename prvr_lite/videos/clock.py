"""Turns the times that a video file gives its pictures into seconds since the first picture.

A file's clock is meant to begin anywhere and to go on from there. In real files it also steps back,
where recordings were joined, and jumps ahead, where a camera's time was set. Each time is then
counted on from the picture before, and :meth:`Clock.notes` says so.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

BACK: Final = Fraction(1, 4)  # s; a smaller step back is a picture out of order, which adds nothing
STANDS: Final = Fraction(120), Fraction(3600)  # s; a picture that stands longer, without sound, is
# a clock that jumped: the first for a film of many pictures per minute, the last for any
SLACK: Final = Fraction(2)  # s by which sound may come late in a file, or pause


class Clock:
    """Gives each picture of a video the second from which it is shown, never before an earlier one.

    A picture may stand for two minutes, or for four times as long as others of its video do, at
    most an hour; longer only where sound goes on meanwhile, as in a lecture with one slide.

    Args:
        usual: how long a picture stands where the file does not say so, in seconds.

    Attributes:
        end: the second at which the last picture so far is over.
        pictures_end, sound_end: the file's own latest times of pictures and sound, in seconds.
    """

    def __init__(self, usual: Fraction) -> None:
        self.usual, self.end = usual, Fraction(0)
        self.pictures_end = self.sound_end = Fraction(0)
        self._start = self._offset = self._step = Fraction(0)  # of the picture before
        self._longest, self._begun = usual, False
        self._old: Fraction | None = None  # the offset before the last picture stepped back
        self._sound: list[tuple[Fraction, Fraction]] = []  # stretches without a pause, file's times
        self._steps_back: list[float] = []  # s
        self._jumps: list[float] = []  # s
        self._cut = Fraction(0)

    def hear(self, time: Fraction, lasts: Fraction) -> None:
        """Notes a span with sound: in it time passes, even without new pictures."""
        begin, end = time, time + lasts
        self.sound_end = max(self.sound_end, end)
        if self._sound and self._sound[-1][0] <= begin <= self._sound[-1][1] + SLACK:
            begin, last_end = self._sound.pop()
            end = max(end, last_end)
        self._sound.append((begin, end))

    def start(self, time: Fraction | None, lasts: Fraction) -> Fraction:
        """Returns the second from which the next picture is shown.

        Args:
            time: the file's time of the picture; None: it follows the one before.
            lasts: how long it stands as the file says; 0: unknown.
        """
        if not self._begun and time is not None:
            self._offset, self._begun = -time, True
        start = self.end if time is None else time + self._offset
        old, self._old = self._old, None
        if time is not None and old is not None and self._start <= time + old < start:
            self._offset, start = old, time + old  # only one picture had a wrong time
        if start < self._start - BACK:
            self._steps_back.append(float(self._seam))
            self._old = self._offset
            start = self._go_on_from(start)
        elif self._is_jump(start - self._start):
            self._note_jump(start - self._seam)
            start = self._go_on_from(start)
        if start > self._start:
            self._step, self._start = start - self._start, start
            self._longest = max(self._longest, self._step)
        lasts = lasts or self.usual
        self.pictures_end = max(self.pictures_end, self._start - self._offset + lasts)
        self.end = self._start + lasts
        return self._start

    def finish(self) -> Fraction:
        """Returns the second at which the last picture is over; to be called once."""
        if self._is_jump(self.end - self._start):
            self._note_jump(self.end - self._seam)
            self.end = self._seam
        return self.end

    @property
    def _seam(self) -> Fraction:
        """Returns where the picture before ends, if the next one's time does not say it.

        It stands as long as the one before it; 1 s where it is the first.
        """
        return self._start + (self._step or 1)

    def _go_on_from(self, start: Fraction) -> Fraction:
        seam = self._seam
        self._offset += seam - start
        return seam

    def _is_jump(self, stands: Fraction) -> bool:
        shortest, longest = STANDS
        if stands <= min(max(shortest, 4 * self._longest), longest):
            return False
        begin = self._start - self._offset
        end = begin + stands
        return not any(a <= begin + SLACK and end - SLACK <= b for a, b in self._sound)

    def _note_jump(self, cut: Fraction) -> None:
        self._jumps.append(float(self._seam))
        self._cut += cut

    def notes(self) -> list[str]:
        """Returns what was wrong with the file's clock, a line for each kind of fault."""
        notes = []
        if self._steps_back:
            where = _places(self._steps_back)
            notes.append(f"its clock steps back {where}: the pictures after it follow on")
        if self._jumps:
            cut = f"{float(self._cut):,.0f} s without pictures are cut"
            notes.append(f"its clock jumps ahead {_places(self._jumps)}: {cut}")
        return notes


def _places(seconds: list[float]) -> str:
    times = f"{len(seconds)} times, first" if len(seconds) > 1 else "once,"
    return f"{times} at {seconds[0]:.1f} s"
