"""Random choices that stay the same for ever.

Only ``random.Random.random`` has a sequence that Python promises to keep, and NumPy promises none
for its generators' distributions. So every choice of the theatre comes from that one function.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of choices; two dice with the same seed text roll the same."""

    def __init__(self, seed: str) -> None:
        self._roll: Callable[[], float] = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._roll() < probability

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self._roll()

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high], both ends included."""
        return low + int(self._roll() * (high - low + 1))

    def waiting(self, mean: float) -> float:
        """An exponentially distributed number with this mean: mostly small, now and then large."""
        return -mean * math.log(1.0 - self._roll())

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, all equally likely."""
        return items[int(self._roll() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items, with chances proportional to the weights."""
        mark = self._roll() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            mark -= weight
            if mark < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = int(self._roll() * (last + 1))
            order[last], order[other] = order[other], order[last]
        return order

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """``count`` different items in random order."""
        return self.shuffled(items)[:count]

    def cut(self, total: int, parts: int) -> list[int]:
        """Split ``total`` into ``parts`` whole numbers of very different sizes (0 allowed)."""
        shares = [self.waiting(1.0) for _ in range(parts)]
        edges = [0.0]
        for share in shares:
            edges.append(edges[-1] + share)
        marks = [round(total * edge / edges[-1]) for edge in edges]
        return [after - before for before, after in pairwise(marks)]
