"""What the paper claims and what a reader would ask, each with the figures that answer it.

Verdicts follow from the CSV by rules that are written here, never from a look at it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from prvr_lite.lab.intervals import mean_interval
from prvr_lite.lab.results import Results, Seeds, label, markdown, spread_text
from prvr_lite.lab.rows import EXPERIMENTS, FULL, MOMENTS
from prvr_lite.lab.tables import films_kept

GLOBAL = ("mean-pool", "attention-pool", "transformer-pool")
BASELINES = (*GLOBAL, "frame-max", "frame-attention-max")
YES, NO, UNCLEAR = "yes", "**no**", "no clear difference"


@dataclass(frozen=True)
class Claim:
    """One claim, what was measured, and whether it holds."""

    text: str
    measured: str
    verdict: str


def claims(results: Results) -> list[Claim]:
    """Every claim of the paper, and every question about moments, that the CSV has numbers for."""
    checks = (_baselines, _twice_the_global, _fused, _clusters, _pessimistic, _moments, _stages)
    return [claim for check in checks for claim in check(results)]


def claims_table(results: Results) -> str:
    """The claims as Markdown; "" where the CSV has no numbers for any."""
    rows = [[claim.text, claim.measured, claim.verdict] for claim in claims(results)]
    return markdown(["claim", "measured on the test films", "holds?"], rows)


def parts_table(results: Results) -> str:
    """Is MS-SL++ better than with one part changed? SumR, both with alpha from val."""
    rows = []
    for name in [n for n, row in EXPERIMENTS.items() if row.group != "main"]:
        gap = _gap(results, name, "SumR")
        if gap is not None:
            ahead = {YES: "MS-SL++", NO: "the change", UNCLEAR: UNCLEAR}[gap.verdict]
            rows.append([label(name), EXPERIMENTS[name].group, gap.films, gap.seeds, ahead])
    heads = ["change", "part", "MS-SL++ is ahead by (films)", "(seeds)", "better"]
    return markdown(heads, rows)


@dataclass(frozen=True)
class Gap:
    """How far MS-SL++ is ahead: over films, over seeds, and what follows."""

    films: str
    seeds: str
    verdict: str


def _gap(results: Results, name: str, metric: str, queries: str = "all") -> Gap | None:
    """A difference counts where other films and other seeds would both leave its sign.

    That is: both the bootstrap interval over groups of films and Student's interval over paired
    seeds lie on one side of 0. One seed decides nothing.
    """
    pair = f"{FULL} against {name}"
    ends = [
        results.values(pair, f"{metric} {e}", queries=queries) for e in ("ahead", "low", "high")
    ]
    seeds = results.values(pair, f"{metric} gap", queries=queries)
    if not all(ends) or not seeds:
        return None
    ahead, low, high = (statistics.fmean(values.values()) for values in ends)
    below, above = mean_interval(list(seeds.values()))
    return Gap(
        f"{ahead:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−"),
        f"{spread_text(seeds, metric, sign=True)}, {len(seeds)} seed{'s' * (len(seeds) > 1)}",
        _verdict((low, high), (below, above)),
    )


def _verdict(*intervals: tuple[float, float]) -> str:
    """Yes or no where every interval lies on one side of 0; of one seed there is none (NaN)."""
    if all(low > 0 for low, _ in intervals):
        return YES
    return NO if all(high < 0 for _, high in intervals) else UNCLEAR


def _better_than(
    results: Results, name: str, metric: str, text: str, queries: str = "all"
) -> Iterator[Claim]:
    gap = _gap(results, name, metric, queries)
    if gap is not None:
        yield Claim(text, f"{metric} {gap.films}; {gap.seeds}", gap.verdict)


def _baselines(results: Results) -> Iterator[Claim]:
    for name in BASELINES:
        yield from _better_than(results, name, "R@1", f"better than {label(name)}")
        if name not in GLOBAL:
            text = f"… on two-step queries, better than {label(name)}"
            yield from _better_than(results, name, "R@1", text, "steps=two")
    yield from _better_than(results, "mssl", "R@1", "better than MS-SL with all clips")


def _mean(results: Results, name: str, metric: str, score: str = "fused") -> float | None:
    values = results.values(name, metric, score=score).values()
    return statistics.fmean(values) if values else None


def _twice_the_global(results: Results) -> Iterator[Claim]:
    found = {name: mean for name in GLOBAL if (mean := _mean(results, name, "R@1")) is not None}
    ours = _mean(results, FULL, "R@1")
    if not found or ours is None:
        return
    best = max(found, key=lambda name: found[name])
    yield Claim(
        "R@1 at least twice that of the best model with one vector per film",
        f"{ours:.1f} against {found[best]:.1f} ({label(best)}): {ours / found[best]:.1f} times",
        YES if ours >= 2 * found[best] else NO,
    )


def _fused(results: Results) -> Iterator[Claim]:
    for scale in ("clip", "frame"):
        gap = results.differences(FULL, FULL, "SumR", scores=("fused", scale))
        if gap:
            yield Claim(
                f"both scales better than the {scale} scale of the same model",
                f"SumR {spread_text(gap, 'SumR', sign=True)} in {len(gap)} seeds",
                _by_seeds(gap),
            )


def _by_seeds(gap: Seeds) -> str:
    """Student's interval over seeds decides; one seed decides nothing."""
    return _verdict(mean_interval(list(gap.values())))


def _clusters(results: Results) -> Iterator[Claim]:
    """SumR within 2 % of that of all clips, at a sixteenth of the vectors."""
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
            "how pessimistic is R@1 with one correct film a query?",
            f"R@1 {spread_text(gap, 'R@1', sign=True)} when every film that answers counts",
            "–",
        )


def _moments(results: Results) -> Iterator[Claim]:
    """Does retrieval help to find moments? mIoU of span heads, seed by seed."""
    asked = {
        "learning to retrieve films helps a span head (against an untrained MS-SL++)": (
            "span head",
            "span head, untrained MS-SL++",
        ),
        "the key clip helps a span head, as a prior": ("span head + key clip", "span head"),
    }
    for text, scores in asked.items():
        gap = results.differences(MOMENTS, MOMENTS, "mIoU", scores=scores)
        if gap:
            told = f"mIoU {spread_text(gap, 'mIoU', sign=True)}, {len(gap)} seeds"
            yield Claim(text, told, _by_seeds(gap))


def _stages(results: Results) -> Iterator[Claim]:
    """Two-stage search within 2 % of the exhaustive R@10, IoU 0.5, at a tenth of the time."""
    every = [score for name, score in results.scored("R@10 IoU=0.5") if name == MOMENTS]
    kept = [(*parts, score) for score in every if (parts := films_kept(score))]
    for predictor in dict.fromkeys(name for name, *_ in kept):
        films = sorted((n, score) for name, n, score in kept if name == predictor)
        found = {n: _mean(results, MOMENTS, "R@10 IoU=0.5", score) for n, score in films}
        times = {n: results.values(MOMENTS, "query ms", score=score) for n, score in films}
        most = films[-1][0]
        whole, slow = found[most], times[most]
        near = [
            n for n, mean in found.items() if mean is not None and whole and mean >= 0.98 * whole
        ]
        ratios = [times[near[0]][seed] / slow[seed] for seed in slow if near]  # measured together
        if not ratios:
            continue
        spent = statistics.median(ratios)
        yield Claim(
            f"two-stage VCMR ({predictor}) within 2 % of exhaustive R@10, IoU 0.5, at a tenth of "
            "the time",
            f"{near[0]} of {most} films: {found[near[0]]:.1f} against {whole:.1f}, "
            f"{100 * spent:.0f} % of the time",
            YES if spent <= 0.1 else NO,
        )
