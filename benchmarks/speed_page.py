"""The table of the README that says how much faster than the released code this is."""

from __future__ import annotations

from benchmarks.measure import Table, pick, read

NAME = {"released code": "the authors' code", "formulation": "our formulation of it"}


def table() -> str:
    """The table, from the CSVs of three benchmarks."""
    lines = ["| what | inputs | faster | than | command |", "| --- | --- | --- | --- | --- |"]
    rows = read("clustering")
    for side, what in (
        ("cluster_clips", "clustering, from units to medoids"),
        ("kmedoids", "k-medoids of any points"),
    ):
        both = [pick(rows, units=kind, side=side) for kind in ("smooth", "random")]
        inputs = "{videos:.0f} videos, {clips:.0f} clips, K = {k:.0f}".format(**both[0])
        times = [row["times_faster"] for row in both]
        ratio = f"**{times[0]:.0f} ×** (units as in video), **{times[1]:.0f} ×** (random)"
        lines.append(_line(rows, what, inputs, ratio, "clustering"))
    rows = read("scoring")
    row = pick(rows, side="index")
    inputs = "{queries:.0f} queries, {videos:.0f} videos of 64 to 128 frames".format(**row)
    ratio = "**{times_faster:.0f} ×**".format(**row)
    lines.append(
        _line(rows, "scoring, key clip guided attention included", inputs, ratio, "scoring")
    )
    rows = read("training_step")
    row = pick(rows, side="prvr_lite")
    inputs = "{videos:.0f} videos of 128 frames, {queries:.0f} queries, TVR's sizes".format(**row)
    ratio = "**{times_faster:.0f} ×**".format(**row)
    lines.append(_line(rows, "a training step, update included", inputs, ratio, "training_step"))
    return "\n".join(lines)


def _line(rows: Table, what: str, inputs: str, ratio: str, name: str) -> str:
    against = NAME[rows[0]["against"]]
    return f"| {what} | {inputs} | {ratio} | {against} | `python -m benchmarks.{name}` |"
