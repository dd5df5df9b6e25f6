"""Wrong answers to the first two exercises of lesson 13, and what helps the one who gave them."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from prvr_lite.course.grading.exercise import mistake
from prvr_lite.course.lesson13 import answers as a

OF_WINDOWS = (
    mistake(
        lambda n, size, w: a.bell(*2 * (a.grids(n, size)[1],), a.grids(n, size)[2], w),
        "rows and columns lie on the same grid, j / (L - 1): a row looks from i / L.",
    ),
    mistake(
        lambda n, size, w: a.bell(*2 * (a.grids(n, size)[0],), a.grids(n, size)[2], w),
        "rows and columns lie on the same grid, i / L: a column stands at j / (L - 1), so "
        "that the last one is at 1.",
    ),
    mistake(
        lambda n, size, w: a.bell(*a.grids(n, size)[1::-1], a.grids(n, size)[2], w),
        "the two grids changed places: rows look from i / L, columns stand at j / (L - 1).",
    ),
    mistake(
        lambda n, size, w: a.bell(a.grids(n, size)[0] + 0.5 / n[:, None], *a.grids(n, size)[1:], w),
        "a row looks from (i + 1/2) / L: the released code takes i / L, without the half.",
    ),
    mistake(
        lambda n, size, w: a.bell(*a.grids(n, size), w, padded=True),
        "the rows of the padding are not 0: nobody looks from there.",
    ),
    mistake(
        a.plain_bell,
        "the rows are not divided by their maximum: only a row that looks from exactly "
        "where a column stands would reach 1.",
    ),
    mistake(
        lambda n, size, w: (
            a.plain_bell(n, size, w) / a.plain_bell(n, size, w).amax(-1, keepdim=True)
        ),
        "where the window is narrow, e^… is 0 in a whole row, and 0 / 0 is not a number: "
        "subtract the smallest square in the exponent instead of dividing afterwards.",
        lambda n, size, w: (
            a.plain_bell(n, size, w)
            / a.plain_bell(n, size, w)
            .amax(-1, keepdim=True)
            .masked_fill(~a.grids(n, size)[2][..., None], 1)
        ),
        lambda n, size, w: (
            a.plain_bell(n, size, w)
            / a.plain_bell(n, size, w).amax(-1, keepdim=True).clamp(min=1e-12)
        ),
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(n, size, 9 * w),
        "the standard deviation is the width itself: it is width / 9.",
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(n, size, w / 2**0.5),
        "the 2 of 2 sigma squared is missing below the line.",
    ),
    mistake(
        lambda n, size, w: a.bell(*a.grids(n, size), w, 1.0),
        "the distance is not squared: that is a tent of two exponentials, not a Gaussian.",
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(torch.full_like(n, size), size, w),
        "every film gets the window of the padded length: L is the film's own length.",
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(n.max().expand_as(n), size, w),
        "every film gets the window of the batch's longest film: L is its own length.",
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(n, size, w).mT,
        "rows and columns changed places: the row is the frame that looks, and rows peak at 1.",
    ),
    mistake(
        lambda n, size, w: (
            a.gaussian_windows(n, size, w)
            / a.gaussian_windows(n, size, w).sum(-1, keepdim=True).clamp(min=1)
        ),
        "the rows sum to 1: a window is not yet an attention. Each row peaks at 1.",
    ),
    mistake(
        lambda n, size, w: a.gaussian_windows(n, size, 9 * (w / 9) ** 0.5),
        "sigma is not squared below the line: it is 2 sigma squared.",
    ),
    mistake(
        lambda n, size, w: a.bell(
            a.grids(n, size)[0].floor(), a.grids(n, size)[1].floor(), a.grids(n, size)[2], w
        ),
        "// cuts i / L down to a whole number: the grids are shares, so divide with /.",
    ),
)

OF_ATTENTION = (
    mistake(
        lambda q, k, v, m, w: a.hidden(a.raw_scores(q, k), m).softmax(-1) @ v,
        "the window is not used: this is the plain attention of lesson 3.",
    ),
    mistake(
        lambda q, k, v, m, w: a.hidden(a.raw_scores(q, k) + w[:, None], m).softmax(-1) @ v,
        "the window is added to the scores: here it multiplies them.",
    ),
    mistake(
        lambda q, k, v, m, w: a.hidden(a.raw_scores(q, k) + w[:, None].log(), m).softmax(-1) @ v,
        "the log of the window is added, which multiplies the *weights*: the window "
        "multiplies the scores.",
        lambda q, k, v, m, w: (
            a.hidden(a.raw_scores(q, k) + w[:, None].clamp(min=1e-12).log(), m).softmax(-1) @ v
        ),
    ),
    mistake(
        lambda q, k, v, m, w: (a.hidden(a.raw_scores(q, k), m).softmax(-1) * w[:, None]) @ v,
        "the window multiplies what the softmax gives, and rows no longer sum to 1: it "
        "multiplies the scores before the softmax.",
    ),
    mistake(
        lambda q, k, v, m, w: (
            F.normalize(a.hidden(a.raw_scores(q, k), m).softmax(-1) * w[:, None], p=1, dim=-1) @ v
        ),
        "the window multiplies the weights, which are then made to sum to 1 again: it "
        "multiplies the scores before the softmax.",
    ),
    mistake(
        lambda q, k, v, m, w: (a.hidden(a.raw_scores(q, k), m) * w[:, None]).softmax(-1) @ v,
        "masked before the window: -10,000 times a window of nearly 0 is a score like any "
        "other, and lets padding in. First the window, then the mask.",
        lambda q, k, v, m, w: (
            (a.hidden(a.raw_scores(q, k), m, -torch.inf) * w[:, None]).softmax(-1) @ v
        ),
        lambda q, k, v, m, w: (a.hidden(a.raw_scores(q, k), m, -1e9) * w[:, None]).softmax(-1) @ v,
    ),
    mistake(
        lambda q, k, v, m, w: (a.raw_scores(q, k) * w[:, None]).softmax(-1) @ v,
        "the mask is not used: what stands in the padding is attended too.",
    ),
    mistake(
        lambda q, k, v, m, w: (
            ((a.raw_scores(q, k) * w[:, None]).softmax(-1) * m[:, None, None]) @ v
        ),
        "masked after the softmax: what is left no longer adds up to 1. Mask before it.",
    ),
    mistake(
        lambda q, k, v, m, w: a.windowed_attention(q, k, v, ~m, w),
        "the mask is the wrong way round: True is real, and must keep its weight.",
    ),
    mistake(
        lambda q, k, v, m, w: a.windowed_attention(q * q.shape[-1] ** 0.5, k, v, m, w),
        "1 / sqrt(d) is missing: the scores are divided by it as in lesson 3.",
    ),
    mistake(
        lambda q, k, v, m, w: a.windowed_attention(q / q.shape[-1] ** 0.5, k, v, m, w),
        "it divides by d: the root is missing.",
    ),
    mistake(
        lambda q, k, v, m, w: a.windowed_attention(q, k, v, m, w.mT),
        "the window is turned: its row is the frame that looks, as the score's row is.",
    ),
    mistake(
        lambda q, k, v, m, w: a.hidden(a.raw_scores(q, k) * w[:, None], m).softmax(-2) @ v,
        "the softmax does not run over the keys, but over another dimension: they are the last.",
        lambda q, k, v, m, w: (
            a.hidden(a.raw_scores(q, k) * w[:, None], m, -torch.inf).softmax(-2) @ v
        ),
        lambda q, k, v, m, w: a.hidden(a.raw_scores(q, k) * w[:, None], m).softmax(1) @ v,
    ),
    mistake(
        lambda q, k, v, m, w: a.windowed_attention(k, q, v, m, w),
        "queries and keys changed places: row i of the scores is what frame i asks for.",
    ),
)
