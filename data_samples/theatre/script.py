"""Turns plots into films, second by second: lengths, filler between moments, and captions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from .captions import caption
from .dice import Dice
from .plot import SIBLINGS, Archive, Fact, Plot, write_group
from .world import CLUTTER, PLACES

FPS = 2.0
STEP_FRAMES = 8  # the least that each step of an unfolding moment lasts
TWO_SQUARES = 0.65  # share of groups with two squares
LENGTHS = (
    (0.20, 2, 3),
    (0.40, 4, 7),
    (0.28, 8, 12),
    (0.12, 13, 24),
)  # of single steps: share, least, most
SECOND_CAPTION = (0.25, 0.45)  # for single steps, for unfolding moments
PLACE_UNTOLD = 0.15


@dataclass(frozen=True)
class Moment:
    """A captioned part of a film. ``lengths`` gives the frames of each step."""

    plot: Plot
    start: int
    lengths: tuple[int, ...]

    @property
    def length(self) -> int:
        return sum(self.lengths)

    @property
    def place(self) -> str:
        return self.plot.place


@dataclass(frozen=True)
class Filler:
    """A part without a caption: clutter hangs in the air, or strollers pass far away."""

    place: str
    start: int
    length: int
    clutter: tuple[str, ...] = ()
    strollers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A caption of ``moment`` (its number among the film's moments)."""

    text: str
    moment: int
    names_place: bool


@dataclass
class Film:
    """One untrimmed film; ``seed`` decides what its drawing leaves to chance."""

    id: str
    split: str
    group: int
    seed: str
    scenes: list[Moment | Filler]
    queries: list[Query] = field(default_factory=list)

    @property
    def length(self) -> int:
        return sum(scene.length for scene in self.scenes)

    @cached_property
    def moments(self) -> list[Moment]:
        return [scene for scene in self.scenes if isinstance(scene, Moment)]


def answering_moments(film: Film, plot: Plot, names_place: bool) -> int:
    """Returns how many moments of the film truly show this plot.

    A plot of one step may be any step of a moment; two steps must be those of a moment, in order.
    """
    wanted = [step.fact for step in plot.steps]
    count = 0
    for moment in film.moments:
        seen = [step.fact for step in moment.plot.steps]
        shown = seen == wanted or (len(wanted) == 1 and wanted[0] in seen)
        count += shown and (moment.place == plot.place or not names_place)
    return count


def step_lengths(dice: Dice, plot: Plot) -> tuple[int, ...]:
    """Frames of each step: at least STEP_FRAMES when unfolding, else as LENGTHS says."""
    if len(plot.steps) == 2:
        first, second = (min(18, STEP_FRAMES + int(dice.waiting(1.8))) for _ in plot.steps)
        return first, second
    _, least, most = dice.weighted(LENGTHS, [share for share, _, _ in LENGTHS])
    return (dice.whole(least, most),)


def _fillers(
    dice: Dice, start: int, length: int, cast: list[str], things: list[str], places: list[str]
) -> list[Filler]:
    """Fill ``length`` frames with shots of 2 to 8 frames."""
    shots: list[Filler] = []
    while length > 0:
        shot = length if length <= 3 else min(length, dice.whole(2, 8))
        place = dice.pick(places) if dice.chance(0.7) else dice.pick(list(PLACES))
        if dice.chance(0.5):
            shots.append(
                Filler(place, start, shot, strollers=tuple(dice.some(cast, dice.whole(1, 2))))
            )
        else:
            clutter = dice.some(CLUTTER, dice.whole(1, 3))
            if things and dice.chance(0.4):
                clutter.append(dice.pick(things))
            shots.append(Filler(place, start, shot, clutter=tuple(clutter)))
        start, length = start + shot, length - shot
    return shots


def _film(dice: Dice, split: str, group: int, number: int, plots: list[Plot], seed: str) -> Film:
    """Time one film: its moments in order, with filler before, between and after."""
    cast = sorted({step.actor for plot in plots for step in plot.steps})
    things = sorted({step.thing for plot in plots for step in plot.steps if step.thing})
    places = sorted({plot.place for plot in plots})
    lengths = [step_lengths(dice, plot) for plot in plots]
    captioned = sum(sum(length) for length in lengths)
    gaps = dice.cut(max(2, round(captioned * dice.between(0.04, 0.22))), len(plots) + 1)
    scenes: list[Moment | Filler] = []
    start = 0
    for index, gap in enumerate(gaps):
        gap += 2 * (0 < index < len(plots))  # neighbours are always parted by filler
        scenes += _fillers(dice, start, gap, cast, things, places)
        start += gap
        if index < len(plots):
            scenes.append(Moment(plots[index], start, lengths[index]))
            start += sum(lengths[index])
    name = f"{split}_{group:03d}{'abcd'[number]}"
    return Film(name, split, group, f"{seed}/{name}", scenes)


def _write_captions(dice: Dice, film: Film, films_of: dict[Fact, list[Film]]) -> None:
    """Writes one or two captions per moment, without the place only if no other moment answers."""
    for number, moment in enumerate(film.moments):
        plot, texts = moment.plot, set[str]()
        rivals = films_of[plot.steps[0].fact]
        for _ in range(1 + dice.chance(SECOND_CAPTION[len(plot.steps) - 1])):
            names_place = not (
                dice.chance(PLACE_UNTOLD)
                and sum(answering_moments(rival, plot, False) for rival in rivals) == 1
            )
            text = caption(dice, plot, names_place)
            if text not in texts:
                texts.add(text)
                film.queries.append(Query(text, number, names_place))


def make_films(split: str, seed: int, count: int) -> list[Film]:
    """Write ``count`` films (a multiple of four); the same arguments give the same films.

    Raises:
        ValueError: ``count`` is negative or leaves a sibling group incomplete.
    """
    if count < 0 or count % SIBLINGS:
        raise ValueError(
            f"{split}: {count} films; ask for a multiple of {SIBLINGS}, siblings come in fours"
        )
    source = f"emoji-theatre/{split}/{seed}"
    dice = Dice(source)
    archive = Archive()
    films: list[Film] = []
    for group in range(count // SIBLINGS):
        plots = write_group(dice, archive, TWO_SQUARES)
        films += [
            _film(dice, split, group, number, plot, source) for number, plot in enumerate(plots)
        ]
    films_of: dict[Fact, list[Film]] = {}
    for film in films:
        for fact in {step.fact for moment in film.moments for step in moment.plot.steps}:
            films_of.setdefault(fact, []).append(film)
    for film in films:
        _write_captions(dice, film, films_of)
    return films


def relevant_films(films: list[Film]) -> list[list[Film]]:
    """For each query of these films (one split), in order: all of them that truly answer it."""
    return [
        [
            other
            for other in films
            if answering_moments(other, film.moments[query.moment].plot, query.names_place)
        ]
        for film in films
        for query in film.queries
    ]
