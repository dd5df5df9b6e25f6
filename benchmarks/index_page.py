"""What ``benchmarks/README.md`` says about an index at scale: a line, a table, 10 million."""

from __future__ import annotations

import csv

from benchmarks.measure import RESULTS

CSV = RESULTS / "index_scale.csv"
NAMES = {"exact": "exact", "hnsw": "HNSW", "ivfpq": "IVF-PQ"}
SHOWS = "an index on disk: exact search, FAISS candidates, memory"
MORE = 10_000_000  # videos, on paper
GIB = 2**30
Row = dict[str, str]


def rows() -> list[Row]:
    """Returns the rows of the latest CSV; an empty list if there is no CSV."""
    if not CSV.exists():
        return []
    with CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def line() -> str:
    """The row of the page's table."""
    measured = rows()
    start = f"| `python -m benchmarks.index_scale` | {SHOWS} | "
    if not measured:
        return start + "run it: it takes about six minutes |"
    exact = measured[0]
    parts = [f"{int(exact['clips']):,} clips, exact: {float(exact['ms_alone']):.0f} ms per query"]
    for kind in ("hnsw", "ivfpq"):
        row = next(r for r in measured if r["side"] == kind and r["candidates"] == "200")
        parts.append(
            f"{NAMES[kind]}, 200 candidates: {float(row['ms_alone']):.1f} ms, "
            f"{float(row['recall@10']):.1%} of the first ten"
        )
    return start + "<br>".join(parts) + "; [below](#an-index-at-scale) |"


def section() -> str:
    """The table, the picture, and what 10 million videos would take."""
    measured = rows()
    if not measured:
        return ""
    exact = measured[0]
    return "\n".join(
        [
            "",
            "## An index at scale",
            "",
            f"{int(exact['clips']):,} clips ({int(exact['videos']):,} videos of 32 medoids, "
            f"{exact['hidden']} numbers each), made from encodings of the sample films "
            f"(`index_films.py`); threads: {exact['threads']}, {exact['date']}. Recall is the "
            "share of an exact search's first 1, 10 and 100 videos that the candidates' ranking "
            "has among its own. MiB are of the whole index (exact) or of the candidates beside it; "
            "peak memory is what a fresh process takes to search, mapped files not counted.",
            "",
            "| side | candidates | recall@1 | @10 | @100 | ms, one query | ms, in a batch | MiB | "
            "built in | peak MiB |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *map(_table_row, measured),
            "",
            f"The exact index was opened in {float(exact['open_ms']):.0f} ms.",
            "",
            "![recall against bytes and time](results/index_scale.png)",
            "",
            *_on_paper(measured),
            "",
        ]
    )


def _table_row(row: Row) -> str:
    cells = [
        NAMES[row["side"]],
        "all" if row["side"] == "exact" else row["candidates"],
        *(f"{float(row[f'recall@{depth}']):.3f}" for depth in (1, 10, 100)),
        f"{float(row['ms_alone']):.1f}",
        f"{float(row['ms_in_batch']):.1f}",
        f"{float(row['bytes']) / 2**20:,.0f}",
        f"{float(row['build_seconds']):.0f} s",
        f"{float(row['peak_mib']):,.0f}" if row["peak_mib"] else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _on_paper(measured: list[Row]) -> list[str]:
    """Bytes scale with videos; an exact search too; the others as the docstring of each says."""
    exact = measured[0]
    times = MORE / float(exact["videos"])
    of_side = {r["side"]: r for r in measured if r["candidates"] == "200" or r["side"] == "exact"}
    size = {side: float(row["bytes"]) * times / GIB for side, row in of_side.items()}
    built = {side: float(row["build_seconds"]) * times / 3600 for side, row in of_side.items()}
    seconds = float(exact["ms_alone"]) * times / 1000
    return [
        f"**On paper, not measured:** {MORE // 10**6} million videos are {times:,.0f} times as "
        "many. Bytes and an exact search grow as the videos do, and so does the building:",
        "",
        "| side | GiB | one query | built in |",
        "|---|---|---|---|",
        f"| exact | {size['exact']:,.0f} on disk | {seconds:,.0f} s from memory, "
        f"{size['exact'] * GIB / 2 / 2e9:,.0f} s from a disk of 2 GB/s | encoding, see "
        "`training_step` |",
        f"| HNSW | {size['hnsw']:,.0f} in memory | steps grow with the logarithm, a step costs "
        f"more out of cache | {built['hnsw']:,.0f} hours on one thread at least |",
        f"| IVF-PQ | {size['ivfpq']:,.0f} in memory | lists grow with the square root: "
        f"about {times**0.5:.0f} times the search of codes | {built['ivfpq']:,.0f} hours at "
        "least |",
        "",
        "Re-scoring stays the same: it reads the candidates' vectors and nothing else.",
    ]
