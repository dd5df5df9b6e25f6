"""The pictures of the experiments, drawn from the CSV and from nothing else."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prvr_lite.config import PRESETS
from prvr_lite.lab.intervals import is_level, with_intervals
from prvr_lite.lab.judge import judged_by
from prvr_lite.lab.results import Results, ablation_groups, group, label
from prvr_lite.lab.rows import EXPERIMENTS, FULL
from prvr_lite.lab.tables import count_of, films_kept, kind_name, vcmr_time
from prvr_lite.plots import page
from prvr_lite.plots.accuracy_frontier import ModelCost, accuracy_frontier
from prvr_lite.plots.bars import ratio_bars, recall_bars
from prvr_lite.plots.gap_chart import gap_chart
from prvr_lite.plots.spread_curves import spread_curves

OURS: Final = EXPERIMENTS[FULL].label
USED: Final = PRESETS["sample"].model_config(1, 1)
PARTS: Final = {
    "clips": "which clips stand for the film",
    "frames": "the frame scale",
    "losses": "losses and negatives",
}
FAR: Final = ("frame-scale",)  # so far off that the others would all look alike beside it
NEARLY: Final = 0.98  # a first stage may cost this much of the recall of exhaustive search
Row = dict[float, list[float]]


def draw_all(csv: str | Path, folder: str | Path) -> list[Path]:
    """Saves every picture that the CSV has numbers for, as a .png.

    Returns:
        the files written.

    Raises:
        FileNotFoundError, ValueError: see `Results.read`.
    """
    results = Results.read(csv)
    pictures = {name: draw(results) for name, draw in FIGURES.items()}
    return [
        page.save_figure(picture, Path(folder) / f"{name}.png")
        for name, picture in pictures.items()
        if picture is not None
    ]


def frontier(results: Results) -> page.Picture | None:
    """Draws R@1 of every model of the main table against its index size and query time."""
    models = []
    for name in group("main"):
        accuracy = _seeds(results, name, "R@1")
        size = list(results.cost(name, "index bytes").values())
        time = list(results.cost(name, "query ms").values())
        if accuracy and size:
            query = statistics.fmean(time) if time else None
            models.append(ModelCost(short(name), accuracy, statistics.fmean(size), query))
    if len(models) < 2:
        return None
    ours = next((model for model in models if model.name == short(FULL)), None)
    return accuracy_frontier(
        models,
        ours=ours.name if ours else None,
        level_with=[m.name for m in models if ours and is_level(ours.accuracy, m.accuracy)],
        time_label="query time, 1,000 films",
    )


def kinds(results: Results) -> page.Picture | None:
    """Draws R@1 of the trained models for all queries, single-step and two-step ones."""
    rows: dict[str, dict[str, list[float]]] = {}
    for name in _trained():
        for kind in ("all", "steps=single", "steps=two"):
            if seeds := _seeds(results, name, "R@1", queries=kind):
                rows.setdefault(short(name), {})[kind_name(kind)] = seeds
    return recall_bars(rows) if any(len(row) > 1 for row in rows.values()) else None


def ratios(results: Results) -> page.Picture | None:
    """Draws R@1 of the trained models by how much of its film the moment fills."""
    bins = results.kinds("ratio")
    rows = {}
    for name in _trained():
        bars = [_seeds(results, name, "R@1", queries=kind) for kind in bins]
        if bars and all(bars):
            rows[short(name)] = bars
    if not rows:
        return None
    counts = [count_of(results, kind) for kind in bins]
    known = [count for count in counts if count is not None]
    numbers = known if len(known) == len(counts) else None
    return ratio_bars(rows, groups=[kind_name(kind) for kind in bins], counts=numbers)


def medoids(results: Results) -> page.Picture | None:
    """Draws R@1 against K, the number of clips kept of a film; MS-SL keeps all of them."""
    sizes = {
        name: int(row.architecture["num_clusters"])
        for name, row in EXPERIMENTS.items()
        if list(row.architecture) == ["num_clusters"] and row.model == FULL
    }
    sizes |= {FULL: USED.num_clusters or USED.num_clips, "mssl": USED.num_clips}
    recalls = {k: _seeds(results, name, "R@1") for name, k in sizes.items()}
    curve: Row = {float(k): recalls[k] for k in sorted(recalls) if recalls[k]}
    if len(curve) < 3:
        return None
    return spread_curves(
        {"R@1 (%)": {OURS: curve}},
        xlabel="K, clips kept of a film",
        logarithmic=True,
        chosen=USED.num_clusters,
        title=_medoids_title(curve),
        about=f"{USED.num_clips}: all clips, MS-SL" if USED.num_clips in curve else "",
    )


def _medoids_title(curve: Row) -> str:
    used, every = USED.num_clusters or 0, USED.num_clips
    if used not in curve or every not in curve:
        return "How many medoids are enough?"
    share = statistics.fmean(curve[used]) / statistics.fmean(curve[every])
    return f"{used} medoids have {100 * share:.0f} % of the R@1 of all {every} clips"


def alphas(results: Results) -> page.Picture | None:
    """Draws R@1 and SumR of MS-SL++ against α, the weight of the clip scale."""
    panels: dict[str, dict[str, Row]] = {}
    for unit in ("R@1 (%)", "SumR"):
        metric, curve = unit.split(" ")[0], {}
        for name, score in results.scored(metric):
            if name == FULL and score.startswith("alpha="):
                values = results.values(name, metric, score=score).values()
                curve[float(score.removeprefix("alpha="))] = list(values)
        if len(curve) > 2:
            panels[unit] = {OURS: curve}
    if not panels:
        return None
    return spread_curves(
        panels,
        xlabel="α, the weight of the clip scale (0: frames only, 1: clips only)",
        title=_alpha_title(panels),
        chosen=USED.alpha,
    )


def _alpha_title(panels: dict[str, dict[str, Row]]) -> str:
    """Returns the title: where the first metric is highest, and how much above the α in use."""
    unit, curves = next(iter(panels.items()))
    means = {x: statistics.fmean(values) for x, values in curves[OURS].items()}
    best, metric = max(means, key=lambda x: means[x]), unit.split(" ")[0]
    if USED.alpha not in means or best == USED.alpha:
        return f"{metric} is highest at α = {best:g}"
    gain = f"{means[best] - means[USED.alpha]:.1f}"
    return f"{metric} is highest at α = {best:g}, {gain} above α = {USED.alpha:g} in use"


def ablations(results: Results) -> page.Picture | None:
    """Draws how much each change of MS-SL++ changes SumR, over paired seeds, without ``FAR``."""
    groups: dict[str, dict[str, list[float]]] = {}
    for part in ablation_groups():
        for name in group(part):
            if name in FAR:
                continue
            scores = (judged_by(name), judged_by(FULL, name))
            gap = results.differences(name, FULL, "SumR", scores=scores)
            if gap:
                groups.setdefault(PARTS.get(part, part), {})[label(name)] = list(gap.values())
    return gap_chart(with_intervals(groups)) if groups else None


def corpus_moments(results: Results) -> page.Picture | None:
    """Draws VCMR: R@10 at IoU 0.5 and median time against n, the films kept by the first stage."""
    recall: dict[str, Row] = {}
    time: dict[str, Row] = {}
    for name, score in results.scored("R@10 IoU=0.5"):
        kept = films_kept(score)
        if kept is None:
            continue
        values = results.values(name, "R@10 IoU=0.5", score=score)
        recall.setdefault(kept[0], {})[float(kept[1])] = list(values.values())
        if ms := vcmr_time(results, name, score):
            time.setdefault(kept[0], {})[float(kept[1])] = list(ms.values())
    if not any(len(curve) > 1 for curve in recall.values()):
        return None
    middle = {
        name: {n: [statistics.median(ms)] for n, ms in row.items()} for name, row in time.items()
    }
    panels = {"R@10, IoU 0.5 (%)": recall} | ({"query time (ms)": middle} if time else {})
    return spread_curves(
        panels,
        xlabel="n, films that the first stage keeps",
        logarithmic=True,
        title=_corpus_title(recall, time),
    )


def _corpus_title(recall: dict[str, Row], time: dict[str, Row]) -> str:
    """Returns the title: how few films nearly keep the recall of exhaustive search.

    It is about the best predictor.
    """
    best = max(recall, key=lambda name: statistics.fmean(recall[name][max(recall[name])]))
    curve = {n: statistics.fmean(values) for n, values in recall[best].items()}
    every = max(curve)
    enough = min(n for n, value in curve.items() if value >= NEARLY * curve[every])
    if not curve[every]:
        return f"{best}: no moment found"
    share = f"{100 * curve[enough] / curve[every]:.0f} %"
    text = f"{best}: the first {enough:g} of {every:g} films have {share} of the R@10 of all"
    clock = time.get(best, {})
    if enough in clock and every in clock and enough < every:
        pairs = zip(clock[every], clock[enough], strict=False)  # a seed's times are of one run
        ratio = statistics.median(slow / fast for slow, fast in pairs)
        text += f", {ratio:.{int(ratio < 9.5)}f} times as fast"
    return text


def short(experiment: str) -> str:
    """Returns an experiment's label without a closing remark in brackets."""
    return re.sub(r"\s*\([^)]*\)$", "", label(experiment))


def _trained() -> list[str]:
    """Returns the trained models of the main table; of two GMMFormers that differ little, one."""
    left_out = ("zero-shot", "gmmformer-batch-windows")  # the colours suffice for eight
    return [name for name in group("main") if name not in left_out]


def _seeds(results: Results, experiment: str, metric: str, queries: str = "all") -> list[float]:
    """Returns each seed's value, by the score that the experiment is judged by."""
    scale = EXPERIMENTS[experiment].scale
    return list(results.values(experiment, metric, score=scale, queries=queries).values())


FIGURES: Final[dict[str, Callable[[Results], page.Picture | None]]] = {
    "frontier": frontier,
    "kinds": kinds,
    "ratios": ratios,
    "medoids": medoids,
    "alpha": alphas,
    "ablations": ablations,
    "vcmr": corpus_moments,
}
