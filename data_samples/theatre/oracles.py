"""How hard is it? What a perfect reader would reach who sees only part of what a film shows.

Each oracle scores every film for a query from the scripts alone, without pixels:

* ``bag``     knows which actors, deeds, things and places occur anywhere, filler included;
* ``frame``   knows who does what and where in each single frame, and takes the best frame;
* ``moment``  knows which steps share a moment.
"""

from __future__ import annotations

from dataclasses import dataclass

from .plot import Fact, Plot, Step
from .script import Filler, Film, relevant_films

DEED_WEIGHT = 10.0  # a frame that shows one wanted step beats any frame that only shows its parts


@dataclass(frozen=True)
class OracleScore:
    """R@1 in per cent, ties broken at random: of all queries, of one-step and of two-step ones."""

    all: float
    one_step: float
    two_step: float


def _step_parts(step: Step) -> set[str]:
    return {step.actor, step.deed, step.thing, step.partner} - {""}


def _bag(film: Film) -> set[str]:
    parts: set[str] = set()
    for scene in film.scenes:
        parts.add(scene.place)
        if isinstance(scene, Filler):
            parts |= {*scene.clutter, *scene.strollers}
        else:
            parts |= set().union(*(_step_parts(step) for step in scene.plot.steps))
    return parts


def _wanted(plot: Plot, names_place: bool) -> set[str]:
    parts: set[str] = set().union(*(_step_parts(step) for step in plot.steps))
    return parts | {plot.place} if names_place else parts


def _frames(film: Film) -> list[tuple[Fact, set[str]]]:
    """Each different frame of a film's moments: what happens, and all its parts with the place."""
    return [
        (step.fact, _step_parts(step) | {moment.place})
        for moment in film.moments
        for step in moment.plot.steps
    ]


def _frame_score(frames: list[tuple[Fact, set[str]]], facts: set[Fact], wanted: set[str]) -> float:
    """The best single frame: a wanted step in full view counts most, then any wanted parts."""
    return max(DEED_WEIGHT * (fact in facts) + len(wanted & parts) for fact, parts in frames)


def _recall(scores: list[float], positives: list[bool]) -> float:
    """The chance that a film that answers comes first, ties broken at random."""
    best = max(scores)
    top = [positive for score, positive in zip(scores, positives, strict=True) if score == best]
    return sum(top) / len(top)


def oracle_scores(films: list[Film]) -> dict[str, OracleScore]:
    """R@1 of each oracle over the queries of these films (one split)."""
    bags = [_bag(film) for film in films]
    frames = [_frames(film) for film in films]
    queries = [(film, query) for film in films for query in film.queries]
    rows: list[tuple[int, dict[str, float]]] = []
    for (film, query), answering in zip(queries, relevant_films(films), strict=True):
        plot = film.moments[query.moment].plot
        wanted, facts = _wanted(plot, query.names_place), {step.fact for step in plot.steps}
        ids = {other.id for other in answering}
        positives = [other.id in ids for other in films]
        scores = {
            "bag": [float(len(wanted & bag)) for bag in bags],
            "frame": [_frame_score(frame, facts, wanted) for frame in frames],
            "moment": [float(positive) for positive in positives],
        }
        rows.append((len(plot.steps), {name: _recall(s, positives) for name, s in scores.items()}))
    return {name: _score(rows, name) for name in ("bag", "frame", "moment")}


def _score(rows: list[tuple[int, dict[str, float]]], name: str) -> OracleScore:
    def mean(steps: tuple[int, ...]) -> float:
        values = [row[name] for count, row in rows if count in steps]
        return 100.0 * sum(values) / max(1, len(values))

    return OracleScore(mean((1, 2)), mean((1,)), mean((2,)))
