"""Lesson 2's inputs that every check tries: short films, one window, rows of any shape."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal
from prvr_lite.course.grading.exercise import Inputs

# Halves that 4 bytes get wrong and 8 bytes right; thirds; fewer frames than windows; one of them.
COUNTS = (
    *((95, 10), (45, 18), (54, 12), (77, 22), (203, 14)),
    *((1, 1), (1, 5), (2, 7), (3, 8), (5, 16), (7, 7), (10, 1), (40, 3), (1000, 7), (365, 32)),
)
SHORT = ((1, 4), (2, 5), (3, 8), (5, 8), (5, 16), (8, 8), (9, 1), (1, 1), (29, 7))


def hard_counts(g: Generator) -> Iterator[Inputs]:
    for total, count in COUNTS:
        yield {"total": total, "count": count}
    for _ in range(10):  # an odd count makes no halves, and one of 2, 4, 8, … makes exact ones
        count = 2 * int(torch.randint(10, (1,), generator=g)) + 1
        yield {"total": int(torch.randint(1, 300, (1,), generator=g)), "count": count}
        count = 2 ** int(torch.randint(6, (1,), generator=g))
        yield {"total": int(torch.randint(1, 300, (1,), generator=g)), "count": count}


def short_films(g: Generator) -> Iterator[Inputs]:
    for total, count in SHORT:
        yield {"features": normal(g, total, 3), "count": count}


def rows_of_any_shape(g: Generator) -> Iterator[Inputs]:
    for shape in ((4,), (3, 5), (2, 3, 2, 4), (1, 1, 1)):
        yield {"features": 3 * normal(g, *shape) + 1}
    yield {"features": torch.zeros(2, 3)}
    yield {"features": 1e-5 * normal(g, 2, 3)}
    yield {"features": 1e4 * normal(g, 2, 3)}


def ragged_ends(g: Generator) -> Iterator[Inputs]:
    """One film; films of one frame; all of one length; the longest first or last."""
    for lengths in ((3,), (1,), (1, 1), (2, 2, 2), (5, 1, 3), (1, 2, 4), (1, 6), (260, 3)):
        offset = torch.tensor([0, *lengths]).cumsum(0)
        yield {"features": normal(g, int(offset[-1]), 2), "offset": offset}
