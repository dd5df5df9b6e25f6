"""What ``benchmarks/README.md`` says about faults: a line and a table."""

from __future__ import annotations

from benchmarks.collection_page import rows

SHOWS = "damaged files, two programs at once, full disks, kills"
KINDS = ("unexpected", "crash", "hang", "silent")


def line() -> str:
    """Returns the row of the page's table."""
    start = (
        "| `python -m benchmarks.faults --full` | damaged files, two at once, full disks, kills | "
    )
    tried = rows("faults")
    if not tried:
        return start + "run it: it takes about an hour |"
    wrong = sum(int(row[kind] or 0) for row in tried for kind in KINDS)
    tries = sum(int(row["tries"]) for row in tried)
    return f"{start}{tries:,} tries, {wrong} wrong; [below](#faults) |"


def section() -> str:
    """Returns the table."""
    tried = rows("faults")
    if not tried:
        return ""
    lines = [
        "",
        "## Faults",
        "",
        "Refused: one line says what is wrong. Done: the file was read; where a format has "
        "checksums, with the same answer. Wrong: an error that nobody expected, a crash, a hang, "
        "another answer in silence, an output that is lost or can't be read, files left behind. "
        f"{tried[0]['date']}; what is promised: [reliability](../docs/reliability.md).",
        "",
        "| what | tries | refused | done | unexpected | crash | hang | silent |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in tried:
        counts = (row["tries"], row["refused"], row["done"], *(row[kind] for kind in KINDS))
        lines.append(f"| {row['what']} | {' | '.join(counts)} |")
    return "\n".join([*lines, ""])
