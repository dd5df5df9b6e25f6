"""Variants of exercises: each is solved by its own solution, and by no other task's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from prvr_lite.course.grading.case import Case
from prvr_lite.course.grading.diagnosis import OpenExerciseError, cases, diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.session import CheckFailed, check, exercises
from prvr_lite.course.grading.varying import (
    ANOTHER,
    Variant,
    draw_variants,
    variants_in,
    variants_of,
)
from prvr_lite.files import FileFormatError

LESSONS = range(1, 14)
EVERY = [variant for lesson in LESSONS for variant in variants_of(lesson)]
DRAWN = [  # by "a seed" in lesson 1
    ("max_score", "second_best", "c8fa28ba"),
    ("recall_at", "several_right", "eea47c03"),
]
SLOW = ("city_block_medoids", "steps_of_two")  # tried with fewer seeds
every_variant = pytest.mark.parametrize("variant", EVERY, ids=lambda v: v.name)


def siblings(variant: Variant) -> list[Variant]:
    return [one for one in EVERY if one.exercise == variant.exercise]


def twisted(variant: Variant) -> Exercise:
    return variant.applied(exercises()[variant.exercise], siblings(variant))


def published_cases(exercise: Exercise, seed: int) -> list[Case]:
    """What the lesson's own check tries first."""
    draws = (torch.Generator().manual_seed(seed + i) for i in range(8))
    found = [Case(exercise, exercise.draw(g)) for g in draws]
    assert exercise.planted is not None
    planted = exercise.planted(torch.Generator().manual_seed(seed))
    return found + [Case(exercise, inputs, planted=True) for inputs in planted]


@every_variant
def test_each_task_has_its_own_solution(variant: Variant) -> None:
    """The published solution and those of other twists fail; this one passes; on any inputs."""
    original, exercise = exercises()[variant.exercise], twisted(variant)
    for seed in (0,) if variant.name in SLOW else (0, 101):
        tried = cases(exercise, seed)
        assert diagnose(exercise, variant.answer, seed, tried=tried) is None
        for wrong in (original.reference, *(one.answer for one in siblings(variant))):
            if wrong is not variant.answer:
                fault = diagnose(exercise, wrong, seed, tried=tried) or ""
                assert fault == ANOTHER or fault.startswith("its parameters are")
        fault = diagnose(original, variant.answer, seed, tried=published_cases(original, seed))
        assert fault is not None


@every_variant
def test_each_blank_is_open(variant: Variant) -> None:
    def blank(*args: object, **named: object) -> None:
        raise NotImplementedError

    exercise = twisted(variant)
    tried = [Case(exercise, exercise.draw(torch.Generator().manual_seed(3)))]
    with pytest.raises(OpenExerciseError):
        diagnose(exercise, blank, 0, tried=tried)


def test_there_are_enough_of_them() -> None:
    names = [variant.name for variant in EVERY]
    assert len(set(names)) == len(names)
    for lesson in LESSONS:
        asked = {e.name for e in exercises().values() if e.lesson == lesson}
        twists = [variant.exercise for variant in variants_of(lesson)]
        assert set(twists) <= asked
        assert len(set(twists)) >= 4
        assert sum(twists.count(name) >= 2 for name in set(twists)) >= 2


def named(name: str) -> Exercise:
    return twisted(next(variant for variant in EVERY if variant.name == name))


def test_a_zero_without_a_gradient_is_right_where_nothing_has_one() -> None:
    def triplet_loss(positive: torch.Tensor, negative: torch.Tensor, margin: float) -> torch.Tensor:
        gap = margin + negative - positive
        return gap[gap > 0].mean() if bool((gap > 0).any()) else torch.tensor(0.0)

    for seed in (0, 5):
        assert diagnose(named("violating_triplets"), triplet_loss, seed) is None


def test_rows_are_struck_out_through_rows_that_had_been() -> None:
    def strike_out(score: torch.Tensor, near: torch.Tensor, keep: int) -> torch.Tensor:
        close = near | torch.eye(len(score), dtype=torch.bool)
        left, rows = torch.ones(len(score), dtype=torch.bool), []
        for _ in range(keep):
            best = int(score.masked_fill(~left, -torch.inf).argmax())
            rows.append(best if bool(left.any()) else -1)
            left = left & ~close[best] & ~close[close[best] & left].any(0)
        return torch.tensor(rows)

    for seed in (0, 5):
        assert diagnose(named("strike_wider"), strike_out, seed) is not None


def test_a_general_message_promises_no_hint() -> None:
    exercise = twisted(EVERY[0])
    fault = diagnose(exercise, lambda score, mask: score[:, 0] + 1, 0)
    assert fault is not None
    assert "hint" not in fault


def test_the_draw_is_the_seeds_alone() -> None:
    drawn = {lesson: draw_variants(lesson, "a seed") for lesson in LESSONS}
    assert drawn[1].keys() == draw_variants(1, "a seed").keys()
    for lesson, one in drawn.items():
        asked = [e.name for e in exercises().values() if e.lesson == lesson]
        assert len(one) == (len(asked) + 1) // 2
        assert list(one) == [name for name in asked if name in one]
    twists = {tuple(v.variant.name for v in draw_variants(1, str(s)).values()) for s in range(60)}
    assert {name for some in twists for name in some} == {v.name for v in variants_of(1)}
    assert len(twists) > 12
    # the same on every machine: who grades may have another one
    names = [(name, one.variant.name, one.mark) for name, one in drawn[1].items()]
    assert names == DRAWN


def test_a_check_of_a_variant_judges_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from prvr_lite.course.grading import session

    monkeypatch.setattr(session, "_state", {})
    monkeypatch.setattr(session, "GRADED", False)
    exercise = exercises()["mean_score"]

    def mean_score(score: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return score[:, 0]

    assert check(mean_score, varied="1a2b3c4d") is exercise.reference
    said = capsys.readouterr().out
    assert "your instructor grades it" in said
    assert "0 of 4 solved" in said
    monkeypatch.setattr(session, "GRADED", True)
    with pytest.raises(CheckFailed, match="your instructor grades it"):
        check(mean_score, varied="1a2b3c4d")


OWN = '''
from prvr_lite.course.grading.varying import Variant

def my_twist(score, mask):
    """The first frame of each film: score [V, T], mask [V, T] bool -> [V]."""
    return score[:, 0]

VARIANTS = (Variant("mean_score", my_twist, "Give the score of the first frame."),)
'''


def test_an_instructors_own_variants(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN, encoding="utf-8")
    drawn = draw_variants(1, "s", variants_in(path))
    assert [one.variant.name for one in drawn.values()] == ["my_twist"]
    exercise = drawn["mean_score"].exercise
    assert diagnose(exercise, exercise.reference, 0) is None
    assert diagnose(exercise, exercises()["mean_score"].reference, 0) == ANOTHER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "it stopped with ZeroDivisionError"),
        ("def (", "it stopped with SyntaxError"),
        ("VARIANTS = 3", "it has no VARIANTS"),
        (OWN.replace("mean_score", "no_such"), "there is no exercise 'no_such'"),
        (OWN.replace('"""', "#"), "my_twist has no docstring"),
        (OWN.replace('"Give the score of the first frame."', '""'), "my_twist has no text"),
    ],
)
def test_a_file_that_holds_none(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=message) as caught:
        variants_in(path)
    assert str(path) in str(caught.value)
    assert "To fix it: " in str(caught.value)
