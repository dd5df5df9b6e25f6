"""The tables and the picture of ``moment_lengths.csv``, for ``docs/experiments.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.moment_lengths import BRIDGED, CSV, FEW, PAIRS, ROWS, SHORTEST, SWAPS
from prvr_lite.lab.claims import UNCLEAR, YES, gap_between
from prvr_lite.lab.results import Results, markdown, spread_text
from prvr_lite.plots import page
from prvr_lite.plots.spread_curves import spread_curves

METRICS: Final = {"recall": "R@1", "overlap": "best IoU", "alike": "best cosine"}


def tables() -> dict[str, str]:
    """Returns every table by the name under which the template asks for it."""
    results = Results.read(CSV)
    rows = {name: row.label for name, row in ROWS.items()}
    parts = {f"lengths_{name}": _by_share(results, m, rows) for name, m in METRICS.items()}
    same = {name: f"{rows[name]}: trained and searched" for name in dict(SWAPS)}
    swaps = {f"{a} searched with {b}": f"{rows[a]}, searched with: {rows[b]}" for a, b in SWAPS}
    parts["lengths_swaps"] = _by_share(results, "R@1", same | swaps)
    bridges = {
        f"bridge searched with {name}": f"the bridge, with: {rows[name]}" for name in BRIDGED
    }
    parts["lengths_bridge"] = _by_share(results, "R@1", bridges)
    return {**parts, "lengths_gaps": _gaps(results), "lengths_shares": _gaps_by_share(results)}


def _kinds(results: Results) -> dict[str, str]:
    """Returns the kinds of queries with the heads of their columns: all, then by share."""
    heads = {}
    for kind in ("all", *results.kinds("share")):
        (count,) = results.values("", "queries", score="", queries=kind).values()
        name = _percent(kind)
        heads[kind] = f"{name} ({count:g})"
    return heads


def _percent(kind: str) -> str:
    """Returns a range of shares as text: "up to 5 %", "5 to 10 %"; "all"."""
    if kind == "all":
        return kind
    low, high = (100 * float(end) for end in kind.removeprefix("share=").split(" to "))
    return f"{low:g} to {high:g} %" if low else f"up to {high:g} %"


def _by_share(results: Results, metric: str, rows: dict[str, str]) -> str:
    """Returns a metric of rows (name -> label) by the share of its film that a moment fills."""
    cells = {
        head: {
            label: spread_text(results.values(name, metric, queries=kind), "R@")
            for name, label in rows.items()
        }
        for kind, head in _kinds(results).items()
    }
    return markdown(pd.DataFrame(cells).rename_axis(metric))


def _gaps(results: Results) -> str:
    """Returns by how much MS-SL++ is ahead of each change, over all queries, and what follows."""
    rows = []
    for full, name in PAIRS:
        gap = gap_between(results, name, "SumR", full=full)
        if gap is not None:
            winner = {YES: ROWS[full].label, UNCLEAR: UNCLEAR}.get(gap.verdict, "the change")
            rows.append((ROWS[name].label, ROWS[full].label, gap.films, gap.seeds, winner))
    heads = ["change", "against", "ahead by [95 %, other films]", "mean ± over seeds", "better"]
    return markdown(pd.DataFrame(rows, columns=heads).set_index("change"))


def _gaps_by_share(results: Results) -> str:
    """Returns the gap in R@1 of each pair by share; bold where films and seeds decide."""
    cells: dict[str, dict[str, str]] = {}
    for kind, head in _kinds(results).items():
        cells[head] = {}
        for full, name in PAIRS:
            gap = gap_between(results, name, "R@1", kind, full=full)
            if gap is not None:
                mark = "" if gap.verdict == UNCLEAR else "**"
                cells[head][ROWS[name].label] = f"{mark}{gap.films}{mark}"
    return markdown(pd.DataFrame(cells).rename_axis("R@1 ahead of"))


def _middle(kind: str) -> float:
    """Returns the middle of a range of shares on a logarithmic scale, in %."""
    low, high = map(float, kind.removeprefix("share=").split(" to "))
    return float(round(100 * (max(low, SHORTEST) * high) ** 0.5))


def draw(folder: Path) -> None:
    """Draws R@1 of every row with 32 medoids, or all clips, against the share of the film."""
    results = Results.read(CSV)
    middles = {kind: _middle(kind) for kind in results.kinds("share")}
    curves = {
        ROWS[name].label: {
            x: list(results.values(name, "R@1", queries=kind).values())
            for kind, x in middles.items()
        }
        for name in ROWS
        if not name.startswith(FEW) and results.values(name, "R@1")
    }
    picture = spread_curves(
        {"R@1 (%)": curves},
        xlabel="share of the film that the moment fills (%)",
        logarithmic=True,
        title="Short moments are hard, with any choice of clips",
    )
    page.save_figure(picture, folder / "lengths.png")
