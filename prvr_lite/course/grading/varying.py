"""Variants of exercises: some tasks of a lesson are changed; a seed of the instructor says which.

A variant has a solution of its own, in code that differs from the lesson's, and its own text. Which
exercises of a lesson change, and how, depends on the seed alone: all students with one seed get the
same tasks. The package's variants are in ``lessonNN/variants.py``, what they ask in ``variants.md``
beside it; an instructor may use others, from a file that nobody else has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from torch import Generator

from prvr_lite.course.grading.exercise import Exercise, Function, Inputs, mistake
from prvr_lite.course.grading.session import exercises
from prvr_lite.files import damaged, first_line

ANOTHER = (
    "it solves another task than the one in this notebook, such as the published one: read the "
    "text of this exercise again."
)


@dataclass(frozen=True)
class Variant:
    """An exercise with a twist.

    Attributes:
        exercise: the function that the learner writes.
        answer: the solution; its name is the twist's, and learners see its docstring.
        text: what is asked, in Markdown.
        inputs: what becomes of the exercise's inputs, drawn and planted; None: they stay.
        changes: other fields of the exercise that differ. It has no hints, and a loop is welcome.
    """

    exercise: str
    answer: Function
    text: str = ""
    inputs: Callable[[Inputs, Generator], Inputs] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.answer.__name__

    def applied(self, original: Exercise, others: Iterable[Variant] = ()) -> Exercise:
        """Returns the exercise with the twist.

        Args:
            others: variants of the same exercise; every check has inputs that tell them apart.
        """
        wrong = [one.answer for one in others if one.name != self.name]
        twisted: dict[str, Any] = {
            "reference": self.answer,
            "mistakes": (mistake(original.reference, ANOTHER, *wrong),),
            "hints": (),
            "loop": "",
        }
        if self.inputs is not None:
            twisted |= self._other_inputs(original, self.inputs)
        return replace(original, **{**twisted, **self.changes})

    def _other_inputs(
        self, original: Exercise, change: Callable[[Inputs, Generator], Inputs]
    ) -> dict[str, Any]:
        def draw(g: Generator) -> Inputs:
            return change(original.draw(g), g)

        def planted(g: Generator) -> Iterator[Inputs]:
            for inputs in original.planted(g) if original.planted else ():
                yield change(inputs, g)

        return {"draw": draw, "planted": planted, "padding": None}


@dataclass(frozen=True)
class Varied:
    """A variant that was drawn.

    Attributes:
        exercise: with the twist.
        mark: stands in the notebook, and says nothing to who does not know the seed.
    """

    variant: Variant
    exercise: Exercise
    mark: str


def variants_of(lesson: int) -> tuple[Variant, ...]:
    """Returns the package's variants of a lesson, with their texts from its ``variants.md``."""
    room = f"prvr_lite.course.lesson{lesson:02d}"
    page = files(room).joinpath("variants.md").read_text(encoding="utf-8")
    texts = dict(part.split("\n\n", 1) for part in page.split("\n## ")[1:])
    variants = import_module(f"{room}.variants").VARIANTS
    return tuple(replace(one, text=texts[one.name].strip()) for one in variants)


def variants_in(path: Path) -> tuple[Variant, ...]:
    """Returns the variants of a Python file, which is run: its ``VARIANTS``.

    Raises:
        FileFormatError: it can't be run, or holds something else; says what.
    """
    fix = "let it define VARIANTS = (Variant(...), ...), as docs/grading.md shows"
    spec = spec_from_file_location("own_variants", path)
    if spec is None or spec.loader is None:
        raise damaged(path, "it is not a Python file", fix)
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise
    except Exception as error:
        problem = f"it stopped with {type(error).__name__}: {first_line(error)}"
        raise damaged(path, problem, fix) from error
    found = getattr(module, "VARIANTS", None)
    if not isinstance(found, (tuple, list)) or not all(isinstance(v, Variant) for v in found):
        raise damaged(path, "it has no VARIANTS, a tuple of Variant", fix)
    for one in found:
        if one.exercise not in exercises():
            raise damaged(path, f"there is no exercise {one.exercise!r}", fix)
        for what, text in (("docstring", one.answer.__doc__), ("text", one.text)):
            if not text:
                raise damaged(path, f"{one.name} has no {what}, which learners read", fix)
    return tuple(found)


def draw_variants(
    lesson: int, seed: str, variants: Sequence[Variant] | None = None
) -> dict[str, Varied]:
    """Draws which exercises of a lesson change, and how: half of them, rounded up.

    Args:
        seed: any text. The draw is the same on every system and with every version of Python.
        variants: that may be drawn; None: the package's.

    Returns:
        what was drawn, by the name of the exercise, in the lesson's order.
    """
    asked = {name: one for name, one in exercises().items() if one.lesson == lesson}
    known: dict[str, list[Variant]] = {}
    for variant in variants_of(lesson) if variants is None else variants:
        if variant.exercise in asked:
            known.setdefault(variant.exercise, []).append(variant)
    order = sorted(known, key=lambda name: _digest(seed, lesson, name))
    chosen = set(order[: (len(asked) + 1) // 2])
    drawn = {}
    for name in (name for name in asked if name in chosen):
        twists = known[name]
        twist = twists[int(_digest(seed, lesson, name, "twist"), 16) % len(twists)]
        mark = _digest(seed, lesson, name, twist.name)[:8]
        drawn[name] = Varied(twist, twist.applied(asked[name], twists), mark)
    return drawn


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
