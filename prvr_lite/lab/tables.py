"""The tables of the experiments as Markdown, made from the CSV and from nothing else.

Numbers are mean ± standard deviation over seeds; "–" stands where nothing was measured, and rows
and columns without any number are left out. A table without rows is "".
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

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
BY_SCORE: Final = ("experiment", "score", "metric")


def all_tables(csv: str | Path) -> dict[str, str]:
    """Returns every table that the CSV has numbers for, by name.

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
    """Returns a table of every model on the test films: recalls, and what they cost."""
    names, whole = group("main"), {"split": [""], "queries": [""], "score": [""]}
    models = _pivot(results, names, RECALLS).join(_pivot(results, names, COSTS, **whole)[[*COSTS]])
    scales = _pivot(results, ["clip", "frame"], RECALLS, ("score", "metric"), experiment=[FULL])
    scales = scales.rename(index="&nbsp;&nbsp;{} scale only".format)
    table = pd.concat([models.rename(index=_name), scales])
    return markdown(table[[*RECALLS, *COSTS, "seeds"]].rename(columns=COSTS))


def search_table(results: Results) -> str:
    """Returns a table of SumR on val: a row per main model, a column per rate, the best in bold."""
    names = group("main")
    cells = {
        f"rate x {x:g}": {n: results.values(search_name(n, x), "SumR", split="val") for n in names}
        for x in sorted({rate for name in names for rate in rates_of(name)})
    }
    seeds = pd.DataFrame(cells)
    means = seeds.map(lambda cell: statistics.fmean(cell.values()) if cell else math.nan)
    texts = seeds.map(lambda cell: spread_text(cell, "SumR"))
    best = means.eq(means.max(axis=1), axis=0)
    table = texts.mask(best, "**" + texts + "**")
    table["in use"] = [f"x {EXPERIMENTS[name].rate:g}" for name in names]
    return markdown(table[best.any(axis=1)].rename(index=label).rename_axis("SumR on val"))


def ablation_table(results: Results) -> str:
    """Returns a table of MS-SL++ and its changes: each scale alone, and mixed by val's alpha."""
    names = [FULL, *group(*ablation_groups())]
    rows = [(name, TUNED if name == FULL else judged_by(name)) for name in names]
    metrics = {"SumR": "SumR", "R@1": "R@1", "alpha": "α from val"}
    scales = {"fused": "SumR, α = 0.7", "clip": "clip scale", "frame": "frame scale"}
    table = _pivot(results, rows, metrics, BY_SCORE).droplevel(1)
    sums = _pivot(results, names, scales, ("experiment", "score"), metric=["SumR"])
    table = table.join(sums[[*scales]])
    table["part"] = [EXPERIMENTS[name].group for name in table.index]
    table = table[["part", *metrics, *scales, "seeds"]].rename(index=_name)
    return markdown(table.rename(columns=metrics | scales)) if len(table) > 1 else ""


def kinds_table(results: Results, family: str) -> str:
    """Returns a table of R@1 of the main models by kind of query, such as "ratio"."""
    heads = {kind: f"{kind_name(kind)}{_of(results, kind)}" for kind in results.kinds(family)}
    table = _pivot(results, group("main"), heads, ("experiment", "queries"), metric=["R@1"])
    return markdown(table[[*heads]].rename(index=_name, columns=heads).rename_axis("R@1"))


def _pivot(
    results: Results,
    rows: Sequence[Any],
    columns: Iterable[str],
    axes: Sequence[str] = ("experiment", "metric"),
    **keys: Iterable[str],
) -> pd.DataFrame:
    """Returns mean ± deviation over seeds as text; the last column counts the seeds of a row.

    Args:
        rows, columns: their names, in order; rows without any number are left out.
        axes: the keys that name a row (one or two), then the key that names a column.
        keys: what is the same for the whole table, see `Results.select`.
    """
    *by, across = axes
    names = pd.DataFrame(rows, columns=by)
    cells = results.select(**names, **{across: columns}, **keys)
    texts = list(map(spread_text, cells["seeds"], cells["metric"]))
    cells = cells.assign(text=texts, seeds=cells["seeds"].map(len))
    table = cells.pivot(index=by, columns=across, values="text")
    table["seeds"] = cells.groupby(by)["seeds"].max().astype(str)
    table = table.reindex(index=rows, columns=[*columns, "seeds"]).dropna(how="all")
    return table.rename_axis([None] * len(by))


def ahead_table(results: Results) -> str:
    """Returns a table of R@1 of MS-SL++ minus each other model's, with the CSV's interval."""
    cells = {
        kind_name(kind): {name: _ahead(results, name, kind) for name in group("main")}
        for kind in ("all", "steps=single", "steps=two")
    }
    table = pd.DataFrame(cells).rename(index=label).rename_axis("R@1, MS-SL++ ahead of")
    return markdown(table[(table != NONE).any(axis=1)])


def _ahead(results: Results, name: str, kind: str) -> str:
    """Returns a difference and its interval as text, such as "+13.5 [+9.2, +17.5]"."""
    pair = f"{FULL} against {name}"
    ends = [results.values(pair, f"R@1 {end}", queries=kind) for end in ("ahead", "low", "high")]
    ahead, low, high = (spread_text(seeds, "R@1", sign=True) for seeds in ends)
    return NONE if NONE in (ahead, low, high) else f"{ahead} [{low}, {high}]"


def svmr_table(results: Results) -> str:
    """Returns a Markdown table: recall of moments in the right film, by overlap with the truth."""
    metrics = [f"R@{k} IoU={iou}" for k in (1, 5) for iou in IOUS] + ["mIoU"]
    rows = [row for row in results.scored("R@1 IoU=0.5") if films_kept(row[1]) is None]
    table = _pivot(results, rows, metrics, BY_SCORE).droplevel(0)
    return markdown(table.rename_axis("predicted from"))


def vcmr_table(results: Results) -> str:
    """Returns a Markdown table of moments in all films, by how many films the first stage keeps.

    Times are medians over seeds. The last columns compare with the row of the same model and
    predictor that keeps most films.
    """
    metrics = [f"R@{k} IoU={iou}" for iou in IOUS[1:] for k in (1, 10, 100)]
    kept = stages(results)
    rows = list(zip(kept["experiment"], kept["score"], strict=True))
    table = _pivot(results, rows, metrics, BY_SCORE)
    heads = [COSTS["query ms"], f"of the {metrics[1]} of all", "of the time of all"]
    costs = [_time_and_shares(results, metrics[1], stage) for stage in kept.itertuples()]
    table = table.join(pd.DataFrame(costs, columns=heads, index=table.index))
    table["films kept"] = [f"{films:,}" for films in kept["films"]]
    table = table[["films kept", *metrics, *heads, "seeds"]]
    return markdown(table.set_axis(kept["predictor"]).rename_axis("predicted from"))


def _time_and_shares(results: Results, metric: str, stage: Any) -> tuple[str, str, str]:
    """Returns a query's time, and two shares: of the metric and of the time with most films."""
    both = (stage.score, stage.most)
    values = [results.values(stage.experiment, metric, score=score) for score in both]
    times = [vcmr_time(results, stage.experiment, score) for score in both]
    median: Seeds = {None: statistics.median(times[0].values())} if times[0] else {}
    return spread_text(median, "query ms"), _share(*values), _share(*times)


def stages(results: Results) -> pd.DataFrame:
    """Returns a table of two-stage searches: experiment, score, predictor, films kept by the first.

    The column "most" has the score of the same predictor that keeps most films.
    """
    rows = [
        (name, score, *kept)
        for name, score in results.scored("R@10 IoU=0.5")
        if (kept := films_kept(score))
    ]
    table = pd.DataFrame(rows, columns=["experiment", "score", "predictor", "films"])
    most = table.sort_values("films").groupby(["experiment", "predictor"])["score"]
    return table.assign(most=most.transform("last"))


def _share(part: Seeds, whole: Seeds) -> str:
    """Returns a number as a percentage of another: the median over seeds measured together."""
    ratios = [part[seed] / whole[seed] for seed in part if whole.get(seed)]
    return f"{100 * statistics.median(ratios):.1f} %" if ratios else NONE


def vcmr_time(results: Results, experiment: str, score: str) -> Seeds:
    """Returns the milliseconds that a query takes, measured once or per seed."""
    each = results.values(experiment, "query ms", score=score)
    return each or results.values(experiment, "query ms", score=score, queries="", split="")


def films_kept(score: str) -> tuple[str, int] | None:
    """Returns predictor and n of a score such as "clip map, n=10"; None for a score without n."""
    match = re.fullmatch(r"(.+), n=(\d+)", score)
    return (match[1], int(match[2])) if match else None


def kind_name(kind: str) -> str:
    """Returns what a reader calls a kind of query."""
    return KINDS.get(kind, kind.split("=", 1)[-1])


def count_of(results: Results, kind: str) -> int | None:
    """Returns how many test queries are of a kind; None if the CSV does not say."""
    counts = results.select(metric=["queries"], queries=[kind], score=[""])["seeds"]
    return int(next(iter(counts.iloc[0].values()))) if len(counts) else None


def _of(results: Results, kind: str) -> str:
    count = count_of(results, kind)
    return "" if count is None else f" ({count:,})"


def _name(experiment: str) -> str:
    return f"**{label(experiment)}**" if experiment == FULL else label(experiment)
