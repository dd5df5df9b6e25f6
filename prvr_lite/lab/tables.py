"""The tables of the experiments as Markdown, drawn from the CSV and from nothing else.

Numbers are mean ± standard deviation over seeds; "–" stands where nothing was measured, and rows
and columns without any number are left out. A table without rows is "".
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prvr_lite.lab.judge import TUNED, judged_by
from prvr_lite.lab.results import (
    NONE,
    Results,
    Seeds,
    ablation_groups,
    group,
    label,
    markdown,
    spread_text,
)
from prvr_lite.lab.rows import EXPERIMENTS, FULL, rates_of, search_name

RECALLS: Final = ("R@1", "R@5", "R@10", "R@100", "SumR")
COSTS: Final = {
    "training s": "training, s",
    "query ms": "query, ms",
    "index bytes": "index of a film, bytes",
}
FAMILIES: Final = ("steps", "ratio", "moments", "length", "correct", "answers")
KINDS: Final = {
    "steps=single": "single-step",
    "steps=two": "two-step",
    "correct=several": "every answering film correct",
    "answers=several, own correct": "several films answer, own one correct",
    "answers=several, all correct": "several films answer, each correct",
}
IOUS: Final = ("0.3", "0.5", "0.7")


def all_tables(csv: str | Path) -> dict[str, str]:
    """Every table that the CSV has numbers for, by name.

    Raises:
        FileNotFoundError, ValueError: see `Results.read`.
    """
    results = Results.read(csv)
    tables = {
        "main": main_table(results),
        "search": search_table(results),
        "ablations": ablation_table(results),
        **{family: kinds_table(results, family) for family in FAMILIES},
        "ahead": ahead_table(results),
        "svmr": svmr_table(results),
        "vcmr": vcmr_table(results),
    }
    return {name: table for name, table in tables.items() if table}


def main_table(results: Results) -> str:
    """Every model on the test films: recalls, and what they cost."""
    rows = []
    for name in group("main"):
        seeds = [results.values(name, m, score=EXPERIMENTS[name].scale) for m in RECALLS]
        costs = [spread_text(results.cost(name, metric), metric) for metric in COSTS]
        if any(seeds):
            rows.append([_name(name), *_texts(seeds, RECALLS), *costs, _count(seeds)])
    for scale in ("clip", "frame"):
        seeds = [results.values(FULL, metric, score=scale) for metric in RECALLS]
        if any(seeds):
            title = f"&nbsp;&nbsp;{scale} scale only"
            rows.append([title, *_texts(seeds, RECALLS), *[NONE] * len(COSTS), _count(seeds)])
    return markdown(["", *RECALLS, *COSTS.values(), "seeds"], rows)


def search_table(results: Results) -> str:
    """SumR on val for each model of the main table at each learning rate, the best one in bold."""
    every = sorted({rate for name in group("main") for rate in rates_of(name)})
    rows = []
    for name in group("main"):
        found = [results.values(search_name(name, rate), "SumR", split="val") for rate in every]
        if any(found):
            means = [statistics.fmean(seeds.values()) if seeds else -1.0 for seeds in found]
            texts = _texts(found, ["SumR"] * len(every))
            best = means.index(max(means))
            texts[best] = f"**{texts[best]}**"
            rows.append([label(name), *texts, f"x {EXPERIMENTS[name].rate:g}"])
    return markdown(["SumR on val", *(f"rate x {rate:g}" for rate in every), "in use"], rows)


def ablation_table(results: Results) -> str:
    """MS-SL++ and each change of it: both scales mixed by the alpha that val chose, and alone."""
    rows = []
    for name in [FULL, *group(*ablation_groups())]:
        score = judged_by(name) if name != FULL else TUNED
        seeds = [results.values(name, metric, score=score) for metric in ("SumR", "R@1")]
        if any(seeds):
            alpha = [results.values(name, "alpha", score=score)]
            scales = [results.values(name, "SumR", score=s) for s in ("fused", "clip", "frame")]
            texts = [*_texts(seeds, ("SumR", "R@1")), *_texts(alpha, ["alpha"])]
            texts += _texts(scales, ["SumR"] * 3)
            rows.append([_name(name), EXPERIMENTS[name].group, *texts, _count(seeds)])
    header = ["", "part", "SumR", "R@1", "α from val", "SumR, α = 0.7", "clip scale", "frame scale"]
    return markdown([*header, "seeds"], rows if len(rows) > 1 else [])


def kinds_table(results: Results, family: str, metric: str = "R@1") -> str:
    """One metric of every model of the main table by kind of query, such as "ratio"."""
    kinds = results.kinds(family)
    rows = []
    for name in group("main"):
        scale = EXPERIMENTS[name].scale
        found = [results.values(name, metric, score=scale, queries=kind) for kind in kinds]
        if any(found):
            rows.append([_name(name), *_texts(found, [metric] * len(kinds))])
    heads = [f"{kind_name(kind)}{_of(results, kind)}" for kind in kinds]
    return markdown([f"{metric}", *heads], rows)


def ahead_table(results: Results) -> str:
    """R@1 of MS-SL++ minus that of each other model, with the interval that the CSV holds."""
    kinds = ("all", "steps=single", "steps=two")
    rows = []
    for name in group("main"):
        cells = [_ahead(results, name, kind) for kind in kinds]
        if set(cells) != {NONE}:
            rows.append([label(name), *cells])
    return markdown(["R@1, MS-SL++ ahead of", *map(kind_name, kinds)], rows)


def _ahead(results: Results, name: str, kind: str) -> str:
    """A difference and its interval: "+13.5 [+9.2, +17.5]"."""
    pair = f"{FULL} against {name}"
    found = [results.values(pair, f"R@1 {m}", queries=kind) for m in ("ahead", "low", "high")]
    told = [spread_text(seeds, "R@1", sign=True) for seeds in found]
    return NONE if NONE in told else f"{told[0]} [{told[1]}, {told[2]}]"


def svmr_table(results: Results) -> str:
    """Moments within the right film: recall by overlap with the true moment."""
    metrics = [f"R@{k} IoU={iou}" for k in (1, 5) for iou in IOUS] + ["mIoU"]
    rows = []
    for name, score in results.scored("R@1 IoU=0.5"):
        if films_kept(score) is None:
            found = [results.values(name, metric, score=score) for metric in metrics]
            rows.append([score, *_texts(found, metrics), _count(found)])
    return markdown(["predicted from", *metrics, "seeds"], rows)


def vcmr_table(results: Results) -> str:
    """Moments in the whole collection, by the number of films that the first stage keeps.

    Times are medians over seeds. The last columns compare with the row of the same model and
    predictor that keeps most films.
    """
    metrics = [f"R@{k} IoU={iou}" for iou in IOUS[1:] for k in (1, 10, 100)]
    scored = [
        (name, score, *kept)
        for name, score in results.scored("R@10 IoU=0.5")
        if (kept := films_kept(score))
    ]
    rows = []
    for name, score, predictor, films in scored:
        most = max(scored, key=lambda one: (one[0] == name, one[2] == predictor, one[3]))[1]
        found = [results.values(name, metric, score=score) for metric in metrics]
        recall = results.values(name, metrics[1], score=most)
        time, whole = (vcmr_time(results, name, one) for one in (score, most))
        median: Seeds = {None: statistics.median(time.values())} if time else {}
        costs = [spread_text(median, "query ms"), _share(found[1], recall), _share(time, whole)]
        rows.append([predictor, f"{films:,}", *_texts(found, metrics), *costs, _count(found)])
    heads = [COSTS["query ms"], f"of the {metrics[1]} of all", "of the time of all", "seeds"]
    return markdown(["predicted from", "films kept", *metrics, *heads], rows)


def _share(part: Seeds, whole: Seeds) -> str:
    """A number as a percentage of another one, seed by seed (measured together); their median."""
    ratios = [part[seed] / whole[seed] for seed in part if whole.get(seed)]
    return f"{100 * statistics.median(ratios):.1f} %" if ratios else NONE


def vcmr_time(results: Results, experiment: str, score: str) -> Seeds:
    """ms that a query takes, told once or by seed."""
    found = results.values(experiment, "query ms", score=score)
    return found or results.values(experiment, "query ms", score=score, queries="", split="")


def films_kept(score: str) -> tuple[str, int] | None:
    """Predictor and n of a score "clip map, n=10"; None for a score without n."""
    match = re.fullmatch(r"(.+), n=(\d+)", score)
    return (match[1], int(match[2])) if match else None


def kind_name(kind: str) -> str:
    """What a reader calls a kind of query."""
    return KINDS.get(kind, kind.split("=", 1)[-1])


def count_of(results: Results, kind: str) -> int | None:
    """How many test queries are of a kind, if the CSV tells."""
    for name in group("main"):
        found = results.values(name, "queries", score="", queries=kind)
        if found:
            return int(next(iter(found.values())))
    return None


def _of(results: Results, kind: str) -> str:
    count = count_of(results, kind)
    return "" if count is None else f" ({count:,})"


def _name(experiment: str) -> str:
    return f"**{label(experiment)}**" if experiment == FULL else label(experiment)


def _texts(found: Sequence[Seeds], metrics: Sequence[str]) -> list[str]:
    return [spread_text(seeds, metric) for seeds, metric in zip(found, metrics, strict=True)]


def _count(found: Sequence[Seeds]) -> str:
    """How many seeds stand behind a row."""
    return str(max(len(seeds) for seeds in found))
