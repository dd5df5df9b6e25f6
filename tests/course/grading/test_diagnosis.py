"""What an answer that nobody foresaw is told: stage by stage, and what exactly it is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from prvr_lite.course.grading import session
from prvr_lite.course.grading.diagnosis import diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.model.clips import clip_spans

TOY = Exercise(
    "toy",
    0,
    lambda x: x.softmax(1),
    lambda g: {"x": torch.randn(2, 3, generator=g)},
    "[A, B]",
    (),
    ("think.",),
    gradient=("x",),
)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: None, "returns None"),
        (lambda x: (x, x), "returns 2 results, and 1 is asked for"),
        (lambda x: x.softmax(1)[0], r"shape \[3\] instead of \[2, 3\] = \[A, B\].*x \[\["),
        (lambda x: x.softmax(1).tolist(), "result is a list where a torch tensor"),
        (lambda x: x.softmax(1).numpy(), "result is a NumPy array where a torch tensor"),
        (lambda x: x.max(1), r"values and indices, .* take \.values\."),
        (lambda x: x.softmax(1).double(), "float64 instead of torch.float32"),
        (lambda x: x.softmax(1) / 0 - x.softmax(1) / 0, r"is nan at \[0, 0\], and .*divided by 0"),
        (lambda x: x.softmax(1).detach(), "no gradient reaches x"),
        (lambda x: x.softmax(0), r"6 of 6 numbers differ; the first at \[0, 0\] is"),
        (lambda x: x.mul_(2).softmax(1), "changed its input x in place"),
        (lambda x: x.softmax(7), "stopped with IndexError"),
    ],
)
def test_what_has_no_name_is_told_by_stage(answer: Callable[..., Any], message: str) -> None:
    found = diagnose(TOY, answer, 0)
    assert found is not None
    assert re.search(message, found), found


PLAIN = Exercise(
    "middle",
    0,
    lambda start, end: (start + end) // 2,
    lambda g: {"start": int(torch.randint(9, (1,), generator=g)), "end": 20},
    "one number",
    (),
    ("think.",),
)
PAIR = Exercise(
    "best",
    0,
    lambda x, k: (x.amax(1) * k, x.argmax(1)),
    lambda g: {"x": torch.randn(2, 3, generator=g), "k": 2.5},
    "[A] and [A]",
    (),
    ("think.",),
    outputs=("score", "key"),
    gradient=("x",),
)


def seen(x: torch.Tensor) -> torch.Tensor:
    """The best of each row, put into views that torch lets nobody change with gradients."""
    best = x.new_zeros(len(x))
    for place, row in zip(best.split(1), x, strict=True):
        place[0] = row.amax()
    return best


@pytest.mark.parametrize(
    ("exercise", "answer", "message"),
    [
        (PLAIN, lambda start, end: (start + end) / 2, r"is a float, \d+\.[05], where an int.*: //"),
        (PLAIN, lambda start, end: "10", "the result is a string where a number"),
        (PLAIN, lambda start, end: end, r"^middle\(start=\d, end=20\) gave 20, and \d+ is right"),
        (PLAIN, lambda start, end: [[1], [2, 3]], r"has shape \[2\] instead of \[\] = one number"),
        (PAIR, lambda x, k: [x.amax(1) * k, x.argmax(1)], "a list: return score, key, without"),
        (PAIR, lambda x, k: x.amax(1), "returns 1 result, and 2 are asked for: score, key"),
        (PAIR, lambda x, k: (x.argmax(1), x.amax(1) * k), "wrong order: return score, key"),
        (PAIR, lambda x, k: (x.amax(1) * k, x.argmax(0)), r"key has shape \[3\] inst.*= \[A\]\."),
        (PAIR, lambda x, k: (x.amax(1) * k, x.argmax(1).int()), "key is of type torch.int32"),
        (
            PAIR,
            lambda x, k: (x.amax(1) / 0, x.argmax(1)),
            r"score is inf at \[0\], and \d.*right\. ",
        ),
        (
            PAIR,
            lambda x, k: (x.amax(1), x.argmax(1)),
            r"score: 2 of 2 .*were x \[\[.*\]\], k 2\.5\.",
        ),
        (PAIR, lambda x, k: (x.amax(1) * k, x.argmin(1)), r"^key: 2 of 2 .*is \d instead of \d"),
        (PAIR, lambda x, k: (seen(x) * k, x.argmax(1)), "not where gradients are.*RuntimeError"),
    ],
)
def test_what_it_is_about_is_named(
    exercise: Exercise, answer: Callable[..., Any], message: str
) -> None:
    """The output among several; inputs that can be tried again; integers; two in wrong order."""
    found = diagnose(exercise, answer, 0)
    assert found is not None
    assert re.search(message, found), found


def test_outputs_without_names_are_counted() -> None:
    nameless = replace(PAIR, outputs=())
    told = str(diagnose(nameless, lambda x, k: (x.amax(1), x.argmax(1)), 0))
    assert told.startswith("result 1 of 2: 2 of 2 numbers differ")
    told = str(diagnose(nameless, lambda x, k: (x.argmax(1), x.amax(1) * k), 0))
    assert told.startswith("the two results come in the wrong order: swap them.")


def by_film(score: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.stack([frames[real].mean() for frames, real in zip(score, mask, strict=True)])


def by_query(score: torch.Tensor, right: torch.Tensor, k: int) -> float:
    hits = [int((score[q] >= score[q, own]).sum()) <= k for q, own in enumerate(right)]
    return 100 * sum(hits) / len(hits)


def by_clip(units: torch.Tensor) -> torch.Tensor:
    return torch.stack([units[:, a:z].mean(1) for a, z in clip_spans(units.shape[1])], 1)


def by_spans(units: torch.Tensor) -> torch.Tensor:
    """Spans are listed in a loop, with tensors even; the rest is done at once."""
    n = units.shape[1]
    start = torch.cat([torch.arange(n - size + 1) for size in range(1, n + 1)])
    size = torch.cat([torch.full((n - size + 1,), size) for size in range(1, n + 1)])
    total = torch.cat([torch.zeros_like(units[:, :1]), units.cumsum(1)], 1)
    return (total[:, start + size] - total[:, start]) / size[:, None]


def by_cluster(distance: torch.Tensor, assignment: torch.Tensor, k: int) -> torch.Tensor:
    groups = [(assignment == c).nonzero()[:, 0] for c in range(k)]
    return torch.stack([rows[distance[rows][:, rows].sum(1).argmin()] for rows in groups])


def by_pair(positive: torch.Tensor, negative: torch.Tensor, margin: float) -> torch.Tensor:
    pairs = zip(positive, negative, strict=True)
    return torch.stack([(margin + bad - good).clamp(min=0) for good, bad in pairs]).mean()


def by_video(queries: torch.Tensor, clips: torch.Tensor) -> torch.Tensor:
    films = [torch.cosine_similarity(queries[:, None], film, dim=-1) for film in clips]
    return torch.stack([cosine.argmax(1) for cosine in films], dim=1)


@pytest.mark.parametrize("answer", [by_film, by_query, by_clip, by_cluster, by_pair, by_video])
def test_a_loop_is_told_where_the_text_asks_for_none(answer: Callable[..., Any]) -> None:
    names = {
        by_film: "mean_score", by_query: "recall_at", by_clip: "all_clips",
        by_cluster: "move_medoids", by_pair: "triplet_loss", by_video: "key_clips",
    }  # fmt: skip
    exercise = session.find(names[answer])
    told = str(diagnose(exercise, answer, 0))
    assert re.match(r"the numbers are right, but a loop makes them \(\d+ calls", told), told
    assert told.endswith(exercise.loop)
    assert diagnose(replace(exercise, loop=""), answer, 0) is None


def test_what_is_shown_is_what_the_text_asks_about() -> None:
    """The smallest inputs still have a real key: a softmax over nothing has no right answer."""

    def maximum_of_all(score: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        weight = (score - score.amax(-1, keepdim=True)).exp() * mask[:, None]
        return weight / weight.sum(-1, keepdim=True)

    told = str(diagnose(session.find("masked_softmax"), maximum_of_all, 0))
    assert "True" in told.split("mask")[-2], told


def test_numbers_that_differ_look_different() -> None:
    exercise = session.find("recall_at")

    def nearly(score: torch.Tensor, right: torch.Tensor, k: int) -> float:
        own = score.gather(1, right[:, None])
        return 100 * float(((score >= own - 1e-3).sum(1) <= k).float().mean())

    told = str(diagnose(exercise, nearly, 0))
    assert re.search(r"score \[\[1\.000\d+, 1\.000\d+, 1\.0\]\]", told), told


def test_the_smallest_inputs_are_two_where_one_shows_nothing() -> None:
    def of_the_first(query: torch.Tensor, clip: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        return (
            session.find("zero_shot_scores").reference(query[:1], clip, real).expand(len(query), -1)
        )

    told = str(diagnose(session.find("zero_shot_scores"), of_the_first, 0))
    assert re.search(r"query \[\[.*clip \[\[\[", told), told


def test_a_comma_too_many_is_told() -> None:
    right = session.find("triplet_loss").reference
    told = str(diagnose(session.find("triplet_loss"), lambda **given: (right(**given),), 0))
    assert told.startswith("it returns a tuple of one where its content is asked for: a comma")


def test_listing_spans_is_no_loop_over_numbers() -> None:
    assert diagnose(session.find("all_clips"), by_spans, 0) is None


def test_padding_is_a_stage_of_its_own() -> None:
    exercise = session.find("max_score")
    found = diagnose(exercise, lambda score, mask: score.median(1).values, 3)
    assert found is not None
    assert "padding changes the result" in found


def test_infinity_may_be_right() -> None:
    """Only where a number is wanted is infinity a fault."""
    masked = replace(TOY, reference=lambda x: torch.full_like(x, -torch.inf), gradient=())
    assert diagnose(masked, lambda x: torch.full_like(x, -torch.inf), 0) is None
    assert "numbers differ" in str(diagnose(masked, lambda x: x * 0, 0))
