"""Lesson 9's inputs that every check tries: ends of the curve, spans that touch, each rule."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal
from prvr_lite.course.grading.exercise import Inputs


def hard_curves(g: Generator) -> Iterator[Inputs]:
    """alpha at its ends; ties; one other film; scores below 0."""
    ends = torch.tensor([1.0, 0.0, 0.5])
    for v, shift in ((2, 0.0), (3, -3.0), (5, 1.0)):
        clip, frame = (torch.randint(-2, 3, (8, v), generator=g) / 4 + shift for _ in range(2))
        own = torch.randint(v, (8,), generator=g)
        yield {"clip": clip, "frame": frame, "own": own, "alphas": ends}
    for _ in range(3):
        near = (1 + 0.01 * normal(g, 20, 4) for _ in range(2))  # close to each other
        own = torch.randint(4, (20,), generator=g)
        alphas = torch.rand(5, generator=g)
        yield dict(zip(("clip", "frame", "own", "alphas"), (*near, own, alphas), strict=True))
    even = torch.tensor([0.25, 0.3, 0.3333, 0.7001])
    for ahead in (1e-4, -1e-4):  # the own film is hardly ahead, or hardly behind
        clip = torch.stack([1 - even + ahead, torch.zeros(4)], 1)
        frame = torch.stack([torch.zeros(4), even], 1)
        own = torch.zeros(4).long()
        yield {"clip": clip, "frame": frame, "own": own, "alphas": even}
    far = 300 * normal(g, 4, 3), 0.01 * normal(g, 4, 3)
    own = torch.randint(3, (4,), generator=g)
    yield {"clip": far[0], "frame": far[1], "own": own, "alphas": torch.tensor([0.25])}


def hard_spans(g: Generator) -> Iterator[Inputs]:
    """Spans that are the same, touch, lie within each other, share an end, lie far apart."""
    first = torch.tensor([[2.0, 5.0]]).expand(8, 2).clone()
    second = [[2, 5], [5, 9], [0, 2], [3, 4], [0, 9], [2, 3], [4, 5], [500, 600]]
    for scale in (1.0, 0.01, 60.0):
        pair = scale * first, scale * torch.tensor(second).float()
        yield {"first": pair[0], "second": pair[1]}
        yield {"first": pair[1], "second": pair[0]}


def hard_moments(g: Generator) -> Iterator[Inputs]:
    """One query in each group; moments at an edge and whole films; every k; all found, or none."""
    share = torch.tensor([2, 4, 10, 1, 3, 8, 2, 4, 5]) / 10  # exact: of 10 s
    for k in (1, 2, 10, 100):
        for low, high in ((1, 2), (1, 4), (k, k + 2), (300, 301)):
            rank = torch.randint(low, high, (9,), generator=g)
            start = torch.where(share < 0.5, 5.0, 0.0)
            moment = torch.stack([start, start + 10 * share], 1)
            yield {"rank": rank, "moment": moment, "duration": torch.full((9,), 10.0), "k": k}
    beside = torch.tensor([0.19, 0.21, 0.39, 0.41, 0.205, 0.395, 0.05, 0.99])
    seconds = 1000.0 * torch.rand(8, generator=g) + 1
    moment = torch.stack([0 * seconds, beside * seconds], 1)
    for k in (1, 2, 3):
        rank = torch.randint(1, 5, (8,), generator=g)
        yield {"rank": rank, "moment": moment, "duration": seconds, "k": k}
    few = torch.tensor([[0.0, 1.0], [3.0, 6.0], [0.0, 10.0]])
    three = {"rank": torch.tensor([2, 1, 3]), "moment": few}
    yield {**three, "duration": torch.full((3,), 10.0), "k": 2}


def all_rules(g: Generator) -> Iterator[Inputs]:
    """Every film as rival, with every rule true and false: which comes first shows."""
    group = torch.tensor([2, 2, 258, 3])
    rows = [
        (own, rival, gap, others)
        for own in range(4)
        for rival in range(4)
        if rival != own
        for gap in (0.5, 1 / 8192, 0.0, -1 / 8192, -0.5)
        for others in (0, 1)
    ]
    for shift in (0.0, -9.0, 500.0):
        score = torch.full((len(rows), 4), -2.0)
        answers = torch.zeros(len(rows), 4, dtype=torch.bool)
        for q, (own, rival, gap, others) in enumerate(rows):
            score[q, own], score[q, rival] = 1.0, 1.0 - gap
            answers[q, own], answers[q, rival] = True, bool(others)
        own_film = torch.tensor([row[0] for row in rows])
        yield {"score": score + shift, "own": own_film, "answers": answers, "group": group}
        yield {"score": score + shift, "own": own_film, "answers": ~answers, "group": group * 0}
