"""The inputs that lesson 10's answers are tried on."""

from __future__ import annotations

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs

# Rows of attention in eighths of the way from low to peak: before some low ground, behind it, and
# frames of padding. The bar is at 5; each row has a lower hill that is longer than the peak's run.
BAR = 5
LOWS = (8000, -3000, 1000, -5000)  # of the rows: whole numbers, so that a frame can be at the bar
HILLS: tuple[tuple[tuple[int, ...], tuple[int, ...], int], ...] = (
    ((6, 8, 5, 4, 3), (6, 6, 5, 7, 6, 6), 0),  # the run begins at frame 0, the hill ends the row
    ((5, 6, 6, 7, 6, 5), (3, 4, 5, 7, 8), 1),  # the peak is the last frame before the padding
    ((1, 3, 4, 5, 6, 8, 7, 5, 4, 3), (6, 6, 5, 7, 6, 6, 6, 1), 2),  # low ground at both ends
    ((1, 5, 6, 6, 7, 6, 6), (3, 4, 6, 8, 7, 5), 0),  # the run ends with the row
)


def attention_rows(g: Generator) -> Inputs:
    """Rows of other scales: a peak with shoulders, and beyond a valley a lower, longer hill."""
    count = sizes(g, 1, len(HILLS), 6)[0]
    width = 21 + sizes(g, 1, 0, 3)[0]
    score, real = torch.zeros(count, width), torch.ones(count, width, dtype=torch.bool)
    for row, place in enumerate(torch.randperm(count, generator=g).tolist()):
        before, behind, padding = HILLS[row % len(HILLS)]
        ground = torch.randint(3, (width - padding - len(before) - len(behind),), generator=g)
        ground[0] = 0
        levels = torch.tensor([*before, *ground.tolist(), *behind, *([9] * padding)])
        score[place] = 8.0 * sizes(g, 1, 1, 9)[0] * levels + LOWS[row % len(LOWS)]
        real[place, width - padding :] = False
    garbage = score + 50 * torch.rand(score.shape, generator=g)  # above the peak
    return {"score": torch.where(real, score, garbage), "real": real, "share": BAR / 8}


def other_garbage(inputs: Inputs) -> Inputs:
    """The same rows with something else in the padding."""
    score, real = inputs["score"], inputs["real"]
    return {**inputs, "score": torch.where(real, score, -3.0 - score)}


def crowded(g: Generator) -> Inputs:
    """Candidates on a line; a row may be near itself or not, and the best one is not.

    The best five crowd at one place, with a weak one; then come three in a chain, of which the
    second falls to the first; the rest score below 0, and two or three of them survive.
    """
    far, fallen = 2 + int(torch.randint(2, (1,), generator=g)), sizes(g, 1, 1, 4)[0]
    crowd, chain, lone = [0, 0.1, 0.2, 0.3, 0.4, 0.5], [10, 10.9, 11.8], [20, 30, 40][:far]
    place = torch.tensor([*crowd, *chain, *lone, *([20.5] * fallen)])
    level = torch.tensor([10, 9, 8, 7, 6, 2, 5, 4, 3, *[-1, -2, -3][:far], *([-5] * fallen)])
    order = torch.randperm(len(place), generator=g)
    place = place[order]
    score = (level + 0.5 * torch.rand(len(level), generator=g))[order]
    near = (place[:, None] - place).abs() <= 1
    near.diagonal()[:] = torch.rand(len(place), generator=g) < 0.5
    near[score.argmax(), score.argmax()] = False
    return {"score": score, "near": near, "keep": 4 + far}  # one more than survive


def own_film_ious(g: Generator) -> Inputs:
    """Each way to hit or miss, in other numbers, so that no two answers count alike."""
    extra, wide = sizes(g, 2, 3, 7)
    ways = {(0.5, 0.1, 0.1): 1, (0.1, 0.8, 0.1): 3, (0.1, 0.1, 0.9): 2}  # … exactly, late, too late
    ways |= {(0.7, 0.6, 0.1): 1, (0.1, 0.5, 0.1): 1, (0.1, 0.95, 0.1): 2}  # the last: in the mean
    rows = [way for way, count in ways.items() for _ in range(count)] + extra * [(0.1, 0.1, 0.1)]
    iou = torch.tensor(rows)
    iou = torch.cat([iou, 0.4 * torch.rand(len(iou), wide - 2, generator=g)], 1)
    return {"iou": iou[torch.randperm(len(iou), generator=g)], "k": 2, "threshold": 0.5}


def film_moments(g: Generator) -> Inputs:
    """Scores around 0, of both signs; the weight is none of 0 and 1."""
    n, m = sizes(g, 2, 3, 6)
    drawn = normal(g, n), 2 * normal(g, n, m)
    given = (*drawn, 2.0 + float(torch.rand(1, generator=g)), n + m)
    return dict(zip(("video_score", "moment_score", "weight", "keep"), given, strict=True))


def corpus_predictions(g: Generator) -> Inputs:
    """Each way to be right or wrong, in other numbers, so that no two answers count alike."""
    own, else_ = True, False
    ways: dict[tuple[tuple[bool, float], ...], int] = {  # film named rightly?, IoU: ranks 1 to 4
        ((own, 0.7), (else_, 0.1), (else_, 0.1), (else_, 0.1)): 1,
        ((else_, 0.1), (own, 0.5), (else_, 0.1), (else_, 0.1)): 2,  # exactly at the threshold
        ((own, 0.1), (else_, 0.9), (else_, 0.1), (else_, 0.1)): 1,  # film here, moment there
        ((else_, 0.8), (else_, 0.1), (else_, 0.1), (else_, 0.1)): 3,
        ((else_, 0.1), (else_, 0.1), (own, 0.9), (else_, 0.1)): 3,  # too late
        ((own, 0.6), (own, 0.6), (else_, 0.1), (else_, 0.1)): 2,
        ((own, 0.1), (else_, 0.2), (own, 0.3), (else_, 0.1)): 3,
        ((own, 0.1), (own, 0.2), (else_, 0.1), (own, 0.9)): 4,  # too late in its own film, too
        ((else_, 0.1), (else_, 0.2), (else_, 0.3), (else_, 0.1)): sizes(g, 1, 2, 6)[0],
    }
    rows = [way for way, count in ways.items() for _ in range(count)]
    right = torch.tensor([[named for named, _ in row] for row in rows])  # [Q, 4]
    iou = torch.tensor([[value for _, value in row] for row in rows])
    film = torch.randint(9, (len(rows),), generator=g)
    away = torch.randint(1, 9, right.shape, generator=g)
    video = torch.where(right, film[:, None], (film[:, None] + away) % 9)
    place = torch.randperm(len(rows), generator=g)
    return {"video": video[place], "iou": iou[place], "own": film[place], "k": 2, "threshold": 0.5}
