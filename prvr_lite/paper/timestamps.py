"""Finds the times of captions: joins the released captions with files of timestamps.

The released captions have no times. A caption's annotation is found by its video and sentence: by
place (TVR numbers its captions in the order of its annotations), by text, or, where the texts were
cleaned up differently, by order.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.checks import TIME_TOLERANCE
from prvr_lite.paper.annotations import Annotation, read_annotations
from prvr_lite.paper.captions import Caption

EXAMPLES = 3  # captions named for each reason
WAYS = ("by place", "by text", "by order")
NO_FILE = "no file of timestamps was given"
NO_VIDEO = "its video is in none of the files"
NO_TEXT = "no sentence of its video is like it"
BAD_TIMES = "its times start after they end, or lie outside the video"


@dataclass
class JoinReport:
    """How the captions of a split got their times.

    Attributes:
        captions: how many captions there are.
        joined: "by place", "by text" or "by order" -> how many got their times in this way.
        cut: how many moments were cut to their video.
        unjoined: reason -> how many captions have no times for this reason.
        examples: reason -> the ids of the first such captions.
    """

    captions: int = 0
    joined: dict[str, int] = field(default_factory=dict)
    cut: int = 0
    unjoined: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Returns the part of the captions that have times, 0 to 1."""
        return sum(self.joined.values()) / max(1, self.captions)

    def _miss(self, reason: str, caption: Caption) -> None:
        self.unjoined[reason] = self.unjoined.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(caption.id)


def plain(text: str) -> str:
    """Returns a sentence without case, punctuation and spaces, which clean-ups don't change."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", folded)


class Timestamps:
    """The annotations of some files, by video.

    Raises:
        FileNotFoundError, FileFormatError: a file is missing or damaged (`read_annotations`).
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._videos: dict[str, list[list[Annotation]]] = {}  # a list for each file
        for path in self.paths:
            of_video: dict[str, list[Annotation]] = defaultdict(list)
            for annotation in read_annotations(path):
                of_video[annotation.video].append(annotation)
            for video, sentences in of_video.items():
                self._videos.setdefault(video, []).append(sentences)

    def duration(self, video: str) -> float:
        """Returns the duration of a video in seconds; NaN if no file has it."""
        for sentences in self._videos.get(video, []):
            if 0 < sentences[0].duration < math.inf:
                return sentences[0].duration
        return math.nan

    def join(self, captions: Sequence[Caption]) -> tuple[NDArray[np.float32], JoinReport]:
        """Returns start and end of every caption, [Q, 2] s, NaN where unknown; and a report."""
        moments = np.full((len(captions), 2), np.nan, np.float32)
        report = JoinReport(len(captions))
        if not self.paths:
            for caption in captions:
                report._miss(NO_FILE, caption)
            return moments, report
        by_video: dict[str, list[int]] = defaultdict(list)
        for row, caption in enumerate(captions):
            by_video[caption.video].append(row)
        base = min((caption.number for caption in captions if caption.number >= 0), default=0)
        for video, rows in by_video.items():
            outcomes = self._join_video(video, [captions[row] for row in rows], base)
            for row, (way, annotation) in zip(rows, outcomes, strict=True):
                if annotation is None:
                    report._miss(way, captions[row])
                    continue
                moment = _within(annotation, self.duration(video))
                if moment is None:
                    report._miss(BAD_TIMES, captions[row])
                    continue
                report.joined[way] = report.joined.get(way, 0) + 1
                report.cut += moment != (annotation.start, annotation.end)
                moments[row] = moment
        return moments, report

    def _join_video(
        self, video: str, captions: list[Caption], base: int
    ) -> list[tuple[str, Annotation | None]]:
        """Returns (way, annotation) for each caption of a video: how its annotation was found.

        A caption without an annotation gets (reason, None).
        """
        files = self._videos.get(video)
        if files is None:
            return [(NO_VIDEO, None)] * len(captions)
        left: list[Annotation | None] = [a for sentences in files for a in sentences]
        text = [plain(a.text) for sentences in files for a in sentences]
        outcome: dict[int, tuple[str, Annotation | None]] = {}

        def take(caption: int, number: int, way: str) -> None:
            outcome[caption], left[number] = (way, left[number]), None

        for row, caption in enumerate(captions):
            number = caption.number - base
            if 0 <= number < len(files[0]) and left[number] and text[number] == plain(caption.text):
                take(row, number, WAYS[0])
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, annotation in enumerate(left):
            if annotation is not None:
                numbers[text[number]].append(number)
        for row in (row for row in range(len(captions)) if row not in outcome):
            if same := numbers[plain(captions[row].text)]:
                take(row, same.pop(0), WAYS[1])
        rest = [row for row in range(len(captions)) if row not in outcome]
        first = 0
        for sentences in files:
            free = [n for n in range(first, first + len(sentences)) if left[n] is not None]
            first += len(sentences)
            if rest and len(free) == len(rest):
                for row, number in zip(rest, free, strict=True):
                    take(row, number, WAYS[2])
                break
        return [outcome.get(row, (NO_TEXT, None)) for row in range(len(captions))]


def _within(annotation: Annotation, duration: float) -> tuple[float, float] | None:
    """Returns the moment cut to its video; None if the times are impossible."""
    start, end = annotation.start, annotation.end
    if not (math.isfinite(start) and math.isfinite(end) and start <= end):
        return None
    limit = math.inf if math.isnan(duration) else duration
    if end < 0 or start > limit + TIME_TOLERANCE:
        return None
    return max(0.0, min(start, limit)), min(end, limit)
