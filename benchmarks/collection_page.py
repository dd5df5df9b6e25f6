"""What ``benchmarks/README.md`` says about collections: a line, two tables, a picture."""

from __future__ import annotations

import csv

from benchmarks.measure import RESULTS

SHOWS = "a collection in the database: search, candidates, many writers, kills"
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """Returns the rows of the latest CSV; an empty list where there is no such file."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def line() -> str:
    """Returns the row of the page's table."""
    start = f"| `python -m benchmarks.collection` | {SHOWS} | "
    scale = {(row["side"], row["candidates"]): row for row in rows("collection")}
    if not scale:
        return start + "run it: it takes about half an hour |"
    exact, resident = scale["collection, exact", ""], scale["collection, resident", ""]
    index = scale["IVF-SQ", "200"]
    parts = [
        f"{int(exact['clips']):,} clips, exact: {float(exact['ms_alone']):,.0f} ms per query from "
        f"disk, {float(resident['ms_alone']):.0f} ms resident",
        f"IVF-SQ, 200 candidates: {float(index['ms_alone']):.0f} ms, "
        f"{float(index['recall@10']):.1%} of the first ten; [below](#collections)",
    ]
    return start + "<br>".join(parts) + " |"


def section() -> str:
    """Returns the tables and the picture."""
    scale, care = rows("collection"), rows("collection_care")
    if not scale or not care:
        return ""
    exact = scale[0]
    lines = [
        "",
        "## Collections",
        "",
        "What the index folder of version 0.1 (`--old`) and a collection make of the same:",
        "",
        "| what | folder of 0.1 | collection |",
        "|---|---|---|",
        *(f"| {row['what']} | {row['old'] or '–'} | {row['new']} |" for row in care),
        "",
        f"{int(exact['clips']):,} clips ({int(exact['videos']):,} videos of 32 medoids, "
        f"{exact['hidden']} numbers each), made from encodings of the sample films "
        f"(`collection_films.py`); threads: {exact['threads']}, {exact['date']}. Recall is the "
        "share of an exact search's first ten videos that are among the first ten; MiB are of the "
        "vectors, or of the index beside them; peak memory is what a fresh process takes to search "
        "beyond its libraries.",
        "",
        "| side | candidates | recall@10 | ms, one query | ms, in a batch | MiB | built in | "
        "peak MiB |",
        "|---|---|---|---|---|---|---|---|",
        *map(_table_row, scale),
        "",
        "![recall against bytes and time](results/collection.png)",
        "",
        "Ten million videos on paper: [large collections](../docs/large-indices.md).",
        "",
    ]
    return "\n".join(lines)


def _table_row(row: Row) -> str:
    def number(name: str, form: str) -> str:
        return format(float(row[name]), form) if row.get(name) else ""

    cells = [
        row["side"],
        row["candidates"] or "all",
        number("recall@10", ".3f"),
        number("ms_alone", ",.1f"),
        number("ms_in_batch", ",.1f"),
        number("mib", ",.0f"),
        number("built_s", ",.0f") + (" s" if row["built_s"] else ""),
        number("peak_mib", ",.0f"),
    ]
    return "| " + " | ".join(cells) + " |"
