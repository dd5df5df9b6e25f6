"""What the paper claims and what a reader would ask, each with the figures that answer it.

Verdicts follow from the CSV by rules that are written here, never from a look at it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from prvr_lite.lab.intervals import mean_interval
from prvr_lite.lab.results import Results, label, markdown, spread_text
from prvr_lite.lab.rows import EXPERIMENTS, FULL, MOMENTS
from prvr_lite.lab.tables import stages

GLOBAL = ("mean-pool", "attention-pool", "transformer-pool")
BASELINES = (*GLOBAL, "frame-max", "frame-attention-max")
YES, NO, UNCLEAR = "yes", "**no**", "no clear difference"
BETTER = {YES: "MS-SL++", NO: "the change", UNCLEAR: UNCLEAR}


class Claim(NamedTuple):
    """One claim, what was measured, and whether it holds."""

    text: str
    measured: str
    verdict: str


def claims(results: Results) -> list[Claim]:
    """Returns the paper's claims and the questions about moments that the CSV has numbers for."""
    checks = (_baselines, _twice_the_global, _fused, _clusters, _pessimistic, _moments, _stages)
    return [claim for check in (*checks, _successor) for claim in check(results)]


def claims_table(results: Results) -> str:
    """Returns the claims as Markdown; "" if the CSV has no numbers for any."""
    heads = ["claim", "measured on the test films", "holds?"]
    return markdown(pd.DataFrame(claims(results), columns=heads).set_index("claim"))


def parts_table(results: Results) -> str:
    """Returns a table that says whether MS-SL++ is better than with one part changed.

    It compares SumR, both with the alpha that val chose.
    """
    rows = [
        (label(name), row.group, gap.films, gap.seeds, BETTER[gap.verdict])
        for name, row in EXPERIMENTS.items()
        if row.group != "main" and (gap := gap_between(results, name, "SumR"))
    ]
    heads = ["change", "part", "ahead by [95 %, other films]", "mean ± over seeds", "better"]
    return markdown(pd.DataFrame(rows, columns=heads).set_index("change"))


class Gap(NamedTuple):
    """How far a row is ahead: over films, over seeds, and what follows."""

    films: str
    seeds: str
    verdict: str


def gap_between(
    results: Results, name: str, metric: str, queries: str = "all", full: str = FULL
) -> Gap | None:
    """Returns by how much MS-SL++, or another row, is ahead of an experiment; None: not measured.

    A difference counts where other films and other seeds would both leave its sign.

    That is: both the bootstrap interval over groups of films and Student's interval over paired
    seeds lie on one side of 0. One seed decides nothing.
    """
    measured = [
        list(results.values(f"{full} against {name}", f"{metric} {end}", queries=queries).values())
        for end in ("ahead", "low", "high", "gap")
    ]
    if not all(measured):
        return None
    *ends, seeds = measured
    ahead, low, high = map(statistics.fmean, ends)
    spread = spread_text(dict(enumerate(seeds)), metric, sign=True)
    return Gap(
        f"{ahead:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−"),
        f"{spread}, {len(seeds)} seed{'s' * (len(seeds) > 1)}",
        _verdict((low, high), mean_interval(seeds)),
    )


def _verdict(*intervals: tuple[float, float]) -> str:
    """Returns YES if all intervals lie above 0, NO if all lie below, else UNCLEAR (also if NaN)."""
    if all(low > 0 for low, _ in intervals):
        return YES
    return NO if all(high < 0 for _, high in intervals) else UNCLEAR


def _better_than(
    results: Results, name: str, metric: str, text: str, queries: str = "all"
) -> Iterator[Claim]:
    gap = gap_between(results, name, metric, queries)
    if gap is not None:
        yield Claim(text, f"{metric} {gap.films}; {gap.seeds}", gap.verdict)


def _baselines(results: Results) -> Iterator[Claim]:
    for name in BASELINES:
        yield from _better_than(results, name, "R@1", f"better than {label(name)}")
        if name not in GLOBAL:
            text = f"… on two-step queries, better than {label(name)}"
            yield from _better_than(results, name, "R@1", text, "steps=two")
    yield from _better_than(results, "mssl", "R@1", "better than MS-SL with all clips")


def _successor(results: Results) -> Iterator[Claim]:
    """Yields claims about GMMFormer: whether it is better here, and which of its windows are."""
    name, released = "gmmformer", "gmmformer-batch-windows"
    yield from _better_than(results, name, "R@1", f"better than {label(name)}")
    text = f"… on two-step queries, better than {label(name)}"
    yield from _better_than(results, name, "R@1", text, "steps=two")
    gap = results.differences(name, released, "SumR")
    if gap:
        yield Claim(
            f"{label(name)}: windows over each film better than over the batch, as released",
            f"SumR {spread_text(gap, 'SumR', sign=True)} in {len(gap)} seeds",
            _verdict(mean_interval(list(gap.values()))),
        )


def _mean(results: Results, name: str, metric: str, score: str = "fused") -> float | None:
    values = results.values(name, metric, score=score).values()
    return statistics.fmean(values) if values else None


def _twice_the_global(results: Results) -> Iterator[Claim]:
    means = {name: mean for name in GLOBAL if (mean := _mean(results, name, "R@1")) is not None}
    ours = _mean(results, FULL, "R@1")
    if not means or ours is None:
        return
    best = max(means, key=lambda name: means[name])
    yield Claim(
        "R@1 at least twice that of the best model with one vector per film",
        f"{ours:.1f} against {means[best]:.1f} ({label(best)}): {ours / means[best]:.1f} times",
        YES if ours >= 2 * means[best] else NO,
    )


def _paired(
    results: Results, text: str, experiment: str, metric: str, scores: tuple[str, str], link: str
) -> Iterator[Claim]:
    """Yields a claim: one score is better than another of the same models.

    Student's interval over seeds decides.

    One seed decides nothing.
    """
    gap = results.differences(experiment, experiment, metric, scores=scores)
    if gap:
        measured = f"{metric} {spread_text(gap, metric, sign=True)}{link}{len(gap)} seeds"
        yield Claim(text, measured, _verdict(mean_interval(list(gap.values()))))


def _fused(results: Results) -> Iterator[Claim]:
    for scale in ("clip", "frame"):
        text = f"both scales better than the {scale} scale of the same model"
        yield from _paired(results, text, FULL, "SumR", ("fused", scale), " in ")


def _clusters(results: Results) -> Iterator[Claim]:
    """Yields the claim: SumR within 2 % of that of all clips, with a sixteenth of the vectors."""
    ours, every = _mean(results, FULL, "SumR"), _mean(results, "mssl", "SumR")
    size = [results.cost(name, "index bytes") for name in (FULL, "mssl")]
    if ours is None or every is None or not all(size):
        return
    share = statistics.fmean(size[1].values()) / statistics.fmean(size[0].values())
    change = f"{100 * (ours / every - 1):+.1f} %".replace("-", "−")
    yield Claim(
        "32 medoids within 2 % of the SumR of all 528 clips, in an index 16 times smaller",
        f"SumR {ours:.1f} against {every:.1f} ({change}), {share:.1f} times smaller",
        YES if ours >= 0.98 * every and share >= 16 else NO,
    )


def _pessimistic(results: Results) -> Iterator[Claim]:
    gap = results.differences(FULL, FULL, "R@1", queries=("correct=several", "all"))
    if gap:
        yield Claim(
            "better than R@1 says, which counts one correct film per query",
            f"R@1 {spread_text(gap, 'R@1', sign=True)} when every film that answers counts",
            "–",
        )


def _moments(results: Results) -> Iterator[Claim]:
    """Yields the claims that retrieval helps to find moments: mIoU of span heads, seed by seed."""
    text = "learning to retrieve films helps a span head (against an untrained MS-SL++)"
    scores = ("span head", "span head, untrained MS-SL++")
    yield from _paired(results, text, MOMENTS, "mIoU", scores, ", ")
    text = "the key clip helps a span head, as a prior"
    scores = ("span head + key clip", "span head")
    yield from _paired(results, text, MOMENTS, "mIoU", scores, ", ")


def _stages(results: Results) -> Iterator[Claim]:
    """Yields the claim: two-stage search has 98 % of the exhaustive recall in a tenth of the time.

    The recall is R@10 at IoU 0.5.
    """
    kept = stages(results)
    for predictor, rows in kept[kept["experiment"] == MOMENTS].groupby("predictor", sort=False):
        scores = rows.set_index("films")["score"].sort_index()
        recall = scores.map(lambda score: _mean(results, MOMENTS, "R@10 IoU=0.5", score))
        most = scores.index[-1]
        fewest = (recall >= 0.98 * recall[most]).idxmax()
        times = [results.values(MOMENTS, "query ms", score=scores[n]) for n in (fewest, most)]
        ratios = [times[0][seed] / times[1][seed] for seed in times[1]]  # measured together
        if not ratios or not recall[most]:
            continue
        share = statistics.median(ratios)
        yield Claim(
            f"two-stage VCMR ({predictor}) within 2 % of exhaustive R@10, IoU 0.5, at a tenth of "
            "the time",
            f"{fewest} of {most} films: {recall[fewest]:.1f} against {recall[most]:.1f}, "
            f"{100 * share:.0f} % of the time",
            YES if share <= 0.1 else NO,
        )
