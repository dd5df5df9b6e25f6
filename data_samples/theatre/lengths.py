"""The same plots with other lengths: moments from 2 % to 90 % of a film, some inside another.

In ``script`` a moment fills a fifth of its film, and no moment lies in another. Here the shares of
a film's moments are drawn evenly on a logarithmic scale. In half of the films other moments are
shown between the two steps of an unfolding one: a long moment and a short one then have nearly the
same middle. Plots, captions and the films that answer them are those of ``script``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from .dice import Dice
from .plot import Plot
from .script import Filler, Film, Moment, _fillers

SHARES = (2.0, 90.0)  # the least and the largest weight of a moment
FRAMES = (40, 56)  # of a film
NESTED = 0.5  # of the films
Piece = tuple[int, int | None]  # the number of a moment, and its step; None: all of it


@dataclass
class LabelledFilm(Film):
    """A film of ``frames`` frames whose scenes are its moments alone, which may overlap."""

    frames: int = 0

    @property
    def length(self) -> int:
        return self.frames


def _order(dice: Dice, plots: Sequence[Plot]) -> list[Piece]:
    """The pieces in the order in which they are shown."""
    outer = next((i for i, plot in enumerate(plots) if len(plot.steps) == 2), None)
    others: list[Piece] = [(i, None) for i in range(len(plots)) if i != outer]
    if outer is None or not others or not dice.chance(NESTED):
        return [(i, None) for i in range(len(plots))]
    first = dice.whole(0, len(others) - 1)
    last = dice.whole(first + 1, len(others))
    return [*others[:first], (outer, 0), *others[first:last], (outer, 1), *others[last:]]


def _lengths(dice: Dice, plots: Sequence[Plot], frames: int) -> list[tuple[int, ...]]:
    """Frames of each step of each moment: shares drawn evenly on a logarithmic scale."""
    weights = [exp(dice.between(*map(log, SHARES))) for _ in plots]
    scale = frames / sum(weights)
    lengths: list[tuple[int, ...]] = []
    for plot, weight in zip(plots, weights, strict=True):
        whole = max(len(plot.steps), round(scale * weight))
        first = min(whole - 1, max(1, round(whole * dice.between(0.3, 0.7))))
        lengths.append((whole,) if len(plot.steps) == 1 else (first, whole - first))
    return lengths


def retimed(film: Film) -> tuple[Film, LabelledFilm]:
    """Returns the film with other lengths, twice: as it is drawn, and as it is labelled.

    The same film gives the same two. Both have its id; the first has every scene, cut into pieces
    where one moment lies in another, and the second has whole moments, in the order of ``film``.
    """
    dice = Dice(f"{film.seed}/lengths")
    plots = [moment.plot for moment in film.moments]
    order = _order(dice, plots)
    gaps = [dice.whole(0, 2), *(dice.whole(1, 2) for _ in order[1:]), dice.whole(0, 2)]
    lengths = _lengths(dice, plots, dice.whole(*FRAMES) - sum(gaps))
    cast = sorted({step.actor for plot in plots for step in plot.steps})
    things = sorted({step.thing for plot in plots for step in plot.steps if step.thing})
    places = sorted({plot.place for plot in plots})
    scenes: list[Moment | Filler] = []
    edges: dict[int, list[int]] = {}  # moment -> where its pieces start and end
    start = 0
    for (number, step), gap in zip(order, gaps, strict=False):
        scenes += _fillers(dice, start, gap, cast, things, places)
        start += gap
        steps = slice(None) if step is None else slice(step, step + 1)
        plot = Plot(plots[number].steps[steps], plots[number].place)
        scenes.append(Moment(plot, start, lengths[number][steps]))
        end = start + scenes[-1].length
        edges.setdefault(number, []).extend((start, end))
        start = end
    scenes += _fillers(dice, start, gaps[-1], cast, things, places)
    whole: list[Moment | Filler] = []
    for number, plot in enumerate(plots):
        begin, end = edges[number][0], edges[number][-1]
        second = lengths[number][1:]  # its first step reaches to the second one
        whole.append(Moment(plot, begin, (end - begin - sum(second), *second)))
    named = (film.id, film.split, film.group, f"{film.seed}/lengths")
    return Film(*named, scenes), LabelledFilm(*named, whole, film.queries, start + gaps[-1])
