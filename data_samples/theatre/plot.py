"""Writes what a group of four sibling films shows, before anything is timed or drawn.

Two rules make a group hard for every method but one that finds the right combination within a
moment.

*The square.* An unfolding moment has a beginning and an ending by the same actor in the same place.
Two beginnings and two endings make four pairs, one for each sibling. So each step is seen in two
films, and only the pair belongs to one film.

*The echo.* Whatever the hero does not do in a film, somebody else does there: all four deeds of the
square happen in all four siblings. So a list of what a film contains can't tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from .dice import Dice
from .world import ACTORS, DEEDS, PLACES, THINGS

SIBLINGS = 4
TRIES = 300
FRESH = 0.6  # how often a single step must be new to the whole split, not only to its group
Fact = tuple[str, str, str]
Event = tuple[Fact, str]  # what happens, and where


class NothingNewError(Exception):
    """This cast has nothing new left to do."""


@dataclass(frozen=True)
class Step:
    """Somebody does something: the actor, the deed, and its thing or the partner ("" for none)."""

    actor: str
    deed: str
    thing: str = ""
    partner: str = ""

    @cached_property
    def fact(self) -> Fact:
        """What the step shows; a mutual deed is one fact, whoever is named first."""
        if DEEDS[self.deed].mutual:
            first, second = sorted((self.actor, self.partner))
            return first, self.deed, second
        return self.actor, self.deed, self.thing or self.partner

    @property
    def liked(self) -> int:
        """How many of the actor's favourites the step holds."""
        likes = ACTORS[self.actor].likes
        return (self.deed in likes) + (self.thing in likes)


@dataclass(frozen=True)
class Plot:
    """What one moment shows: its steps in order, and where they happen."""

    steps: tuple[Step, ...]
    place: str

    @cached_property
    def events(self) -> set[Event]:
        return {(step.fact, self.place) for step in self.steps}


@dataclass(frozen=True)
class Cast:
    """Who and what a group of siblings shares. The first two actors are its heroes."""

    actors: tuple[str, ...]
    square: tuple[Step, ...]  # two beginnings, two endings, still without an actor
    extra: tuple[Step, ...]
    places: tuple[str, ...]


def _open_step(dice: Dice, deed: str, partner: str) -> Step:
    """The deed with a thing or partner but with nobody in the leading part yet."""
    kind = DEEDS[deed].kind
    if kind == "partner":
        return Step("", deed, partner=partner)
    if kind == "alone":
        return Step("", deed)
    kinds = ("food", "thing") if kind == "thing" else (kind,)
    return Step(
        "", deed, thing=dice.pick([key for key, thing in THINGS.items() if thing.kind in kinds])
    )


def make_cast(dice: Dice) -> Cast:
    """Draw four actors, four square deeds, three others, and three places."""
    actors = tuple(dice.some(list(ACTORS), 4))
    clear = dice.shuffled([name for name, deed in DEEDS.items() if deed.clear])
    pairs = [name for name in clear if DEEDS[name].kind == "partner"]
    clear = [
        name for name in clear if name not in pairs[1:]
    ]  # at most one deed for two in a square
    square = clear[:4]
    others = dice.some([name for name in DEEDS if name not in square], 3)
    return Cast(
        actors,
        tuple(_open_step(dice, name, actors[2]) for name in square),
        tuple(_open_step(dice, name, actors[3]) for name in others),
        tuple(dice.some(list(PLACES), 3)),
    )


@dataclass
class Archive:
    """What a split shows so far: single events, and pairs of them within one moment."""

    steps: set[Event] = field(default_factory=set)
    pairs: set[frozenset[Event]] = field(default_factory=set)


class GroupWriter:
    """Writes the plots of one group.

    Within a group no step happens twice, except as the square demands. ``archive`` holds what the
    split shows so far: no pair of steps returns, in either order, so that order never matters. A
    step of another group may sometimes return; then the films of both truly answer its query.
    """

    def __init__(self, dice: Dice, archive: Archive) -> None:
        self._dice, self._archive = dice, archive
        self._cast = make_cast(dice)
        self._pairs: set[frozenset[Event]] = set()
        self._used: set[Event] = set()

    def write(self, two_squares: float) -> list[list[Plot]]:
        """The plots of the four siblings; with this chance a group has two squares."""
        dice, cast = self._dice, self._cast
        films: list[list[Plot]] = [[] for _ in range(SIBLINGS)]
        self._square(cast.actors[0], films, mirror=False)
        if dice.chance(two_squares):
            self._square(cast.actors[1], films, mirror=True)
        else:
            for film in films:
                self._echo(film)
        for film in films:
            for _ in range(dice.weighted((0, 1, 2, 3), (3, 4, 2, 0.5)) + (len(film) == 2)):
                film.append(self._single(cast.square + cast.extra, cast.actors))
        return [dice.shuffled(film) for film in dice.shuffled(films)]

    def hand_in(self) -> None:
        """Notes in the archive what this group shows."""
        self._archive.pairs |= self._pairs
        self._archive.steps |= self._used

    def _square(self, hero: str, films: list[list[Plot]], mirror: bool) -> None:
        """Give each film its pair; if mirrored, the pair that the first hero lacks there."""
        steps = tuple(replace(step, actor=hero) for step in self._cast.square)
        places = self._dice.shuffled(self._cast.places)
        known = self._archive.steps
        for place in sorted(places, key=lambda place: len(Plot(steps, place).events & known)):
            plots = [
                Plot((steps[number // 2], steps[2 + number % 2]), place)
                for number in range(SIBLINGS)
            ]
            pairs = {frozenset(plot.events) for plot in plots}
            events = Plot(steps, place).events
            if not pairs & (self._archive.pairs | self._pairs) and not events & self._used:
                break
        else:
            raise NothingNewError(f"{hero} did these deeds in all of {self._cast.places}")
        self._pairs |= pairs
        self._used |= events
        for film, plot in zip(films, reversed(plots) if mirror else plots, strict=True):
            film.append(plot)

    def _echo(self, film: list[Plot]) -> None:
        """Let others do the two deeds of the square that its hero does not do in this film."""
        done = {step.deed for step in film[0].steps}
        for step in self._cast.square:
            if step.deed not in done:
                film.append(self._single((step,), self._cast.actors[1:]))

    def _single(self, choices: tuple[Step, ...], actors: tuple[str, ...]) -> Plot:
        """One step that is new in the group; favourites come a little more often."""
        dice = self._dice
        for _ in range(TRIES):
            fresh = dice.chance(FRESH)
            actor, place = dice.pick(actors), dice.pick(self._cast.places)
            steps = [replace(step, actor=actor) for step in choices if step.partner != actor]
            if not steps:
                continue
            plot = Plot((dice.weighted(steps, [1 + step.liked for step in steps]),), place)
            if not plot.events & self._used and not (fresh and plot.events & self._archive.steps):
                self._used |= plot.events
                return plot
        raise NothingNewError("the cast did all its single steps")


def write_group(dice: Dice, archive: Archive, two_squares: float) -> list[list[Plot]]:
    """Returns the plots of one group of siblings, and notes them in the archive.

    A cast with nothing new left to do is drawn again.

    Raises:
        ValueError: no cast has an unused square left; the set is too large for the world.
    """
    for _ in range(TRIES):
        writer = GroupWriter(dice, archive)
        try:
            plots = writer.write(two_squares)
        except NothingNewError:
            continue
        writer.hand_in()
        return plots
    raise ValueError("every unfolding story is used: ask for fewer films or widen theatre/world.py")
