"""Write ``benchmarks/README.md``, ``docs/experiments.md`` and its pictures from the latest CSVs.

python -m benchmarks.report
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import collection_page, experiments_page, fault_page
from benchmarks.measure import BUSY, RESULTS, Table, pick, read

README = Path(__file__).parent / "README.md"
TEXT = """# Benchmarks

Each figure that this project quotes, as a command. Every command takes `--quick` (a smoke run with
tiny sizes that writes nothing), `--repeats`, `--threads`, `--seed` and `--out`; it prints a table
and writes a CSV to `results/`. `python -m benchmarks.report` draws this page from them.

| command | what it shows | latest figures |
|---|---|---|
{rows}

`python -m benchmarks.gpu` takes six minutes on a GPU, and `python -m benchmarks.training_sample
--old CHECKOUT` compares two versions; their figures stand above once they were measured.
`prvr-lite experiments` measures retrieval itself: every baseline and ablation, with seeds, into
`results/experiments.csv`. [What it found](../docs/experiments.md).
`python -m benchmarks.moment_lengths` does so on films with moments of other lengths.

**Against what.** The column `against` of a CSV says what "released" was. With
`--released CHECKOUT`, it is the authors' own code (HuiGuanLab/ms-sl-pp), imported from your
checkout (`checkout.py`). Without, it is our formulation, `released*.py`: MS-SL++ written plainly
from a description of what their code computes, and held to numbers recorded from that code by
`tests/benchmarks/test_released.py`. Where that materialises, repeats or loops, so does the
formulation, and in clustering it takes longer than they do: the ratios differ. `growth` is
measured against the formulation.

**How.** Both sides run in turn in one process, and a ratio is the median over the rounds. Memory is
how far a fresh process's resident memory rises while one side runs once (`measure.py`). Absolute
times are one machine's ({where}); ratios travel better. On a machine
with other work, use `--threads 1`: threads that wait for each other slow the small fast side most.

**Same medoids?** `same_as_exact` in `clustering.csv` is the share of videos with the very medoids
of the released formulation on exact distances (for `cluster_clips`: of clips in float64, since it
rounds none). The released code itself differs from those: a clip of an even number of units is the
exact midpoint of its two halves, so ties are the rule, and rounding in float32 settles them. The
benchmark follows each such video to the round in which it parts, and counts those where no tie is
about (`parted_without_tie`).

**FasterPAM** (package `kmedoids`, one thread, from its own greedy start) is another algorithm for
the same aim, given ready-made distances: slower than `cluster_clips`, but its `summed_distance`
shows what the KKZ start leaves on the table.
"""


def clustering(rows: Table) -> str:
    parts = []
    for kind in ("smooth", "random"):
        row = pick(rows, units=kind, side="cluster_clips")
        pam = pick(rows, units=kind, side="FasterPAM")
        parts.append(
            "{units} units: {times_faster:.0f} times faster than the {against} ({seconds:.2f} s), "
            "1/{memory_ratio:.0f} of the memory ({extra_mib:.0f} MiB), "
            "the medoids of exact distances in {same_as_exact:.0%} of videos".format(**row)
            + "; FasterPAM {seconds:.2f} s, summed distance {summed_distance:.0f}".format(**pam)
            + " against {summed_distance:.0f}".format(**row)
        )
    return "<br>".join(parts)


def scoring(rows: Table) -> str:
    few = [row for row in rows if row["side"] == "index"]
    row, whole = pick([few[0]]), pick([few[1]])
    return (
        "{queries:.0f} x {videos:.0f}: {times_faster:.0f} times faster than the {against} "
        "({seconds:.3f} s), scores within {largest_difference:.1e}".format(**row)
        + "<br>{queries:.0f} x {videos:.0f}: {seconds:.1f} s".format(**whole)
        + "; {index_bytes_a_video:.0f} bytes per video".format(**whole)
    )


def training_step(rows: Table) -> str:
    row = pick(rows, side="prvr_lite")
    parts = [(r["side"][2:], float(r["seconds"])) for r in rows if r["side"].startswith("- ")]
    total = sum(spent for _, spent in parts)
    shares = ", ".join(f"{part} {100 * spent / total:.0f} %" for part, spent in parts)
    return (
        "{times_faster:.0f} times faster than the {against} ({seconds:.2f} s, "
        "{extra_mib:.0f} MiB), loss terms within {loss_difference:.0e}; its matrix products alone "
        "take {arithmetic_seconds:.2f} s on one thread<br>".format(**row)
        + shares
    )


def extraction(rows: Table) -> str:
    return "; ".join(f"{row['step']} {float(row['seconds']):.1f} s" for row in rows)


def joint_space(rows: Table) -> str:
    parts = []
    for source in ("drawn", "thumbnails", "stored"):
        some = [row for row in rows if row["source"] == source]
        found = ", ".join(f"{float(row['R@1']):.0f}" for row in some)
        inside = ", ".join(f"{float(row['inside']):.0f}" for row in some)
        about = f"{some[0]['films']} films ({source}): R@1 {found} (chance "
        about += f"{float(some[0]['R@1_chance']):.1f}), best frame inside {inside} %"
        parts.append(about)
    return "<br>".join(parts)


def growth(rows: Table) -> str:
    last = {axis: [row for row in rows if row["axis"] == axis][-2:] for axis in ("V", "N", "K")}
    parts = []
    for axis, (slow, fast) in last.items():
        ratio = float(slow["seconds"]) / float(fast["seconds"])
        parts.append(f"{axis} = {slow['value']}: {ratio:.0f} times faster")
    return "; ".join(parts) + "<br>![growth](results/growth.png)"


def paper_release(rows: Table) -> str:
    whole = {row["part"]: pick([row]) for row in rows if row["side"] == "prvr_lite"}
    parts = [
        "{times_faster:.0f} times faster than frame by frame ({microseconds_a_frame:.0f} us per "
        "frame)".format(**whole[part])
        + f" to {part.split()[0]}"
        for part in ("read some", "convert some")
    ]
    for row in (row for row in rows if row["side"] == "plain copy"):
        limit = whole["convert some"]["seconds"] / float(row["seconds"])
        parts.append(f"converting takes {limit:.1f} times as long as a plain copy of the features")
    parts.append(
        "{videos:.0f} videos, {frames:.0f} frames, {queries:.0f} captions: converted in "
        "{seconds:.0f} s ({peak_mib:.0f} MiB in all), {exact:.0%} exactly".format(
            **whole["convert"]
        )
    )
    joins = [(p.split()[1], row) for p, row in whole.items() if p.startswith("join ")]
    if joins:
        shares = ", ".join(f"{name} {row['share_joined']:.1%}" for name, row in joins)
        parts.append(f"captions that find their times: {shares}")
    return "<br>".join(parts)


def training_sample(rows: Table) -> str:
    old, new = pick(rows, side="old"), pick(rows, side="new")
    return (
        f"{new['share_of_old']:.2f} of its time ({new['seconds_an_epoch']:.1f} s per epoch); SumR "
        f"after {new['epochs']:.0f} epochs {new['SumR']:.1f}, then {old['SumR']:.1f}"
    )


def paper_size(rows: Table) -> str:
    parts = []
    for part in ("evaluate", "train"):
        new = pick(rows, part=part, side="new")
        text = f"{part}: {new['seconds']:.0f} s ({new['cpu_seconds']:.0f} s of processor time), "
        text += f"{new['peak_mib']:.0f} MiB in all"
        if any(row["side"] == "old" for row in rows):
            old = pick(rows, part=part, side="old")
            text += f"; {new['share_of_old_seconds']:.2f} of the other version's time "
            text += f"({new['share_of_old_cpu_seconds']:.2f} of its processor time, "
            text += f"{old['peak_mib']:.0f} MiB)"
        if new["arithmetic_seconds"]:
            text += f"; its products alone take {new['arithmetic_seconds']:.0f} s"
        parts.append(text)
    return "<br>".join(parts)


def gpu(rows: Table) -> str:
    parts = [f"on {rows[0]['on']}"]
    for row in rows:
        seconds, share = row.get("seconds"), row.get("share_of_roofline")
        if seconds:
            of = f" ({float(share):.0%} of the roofline)" if share else ""
            parts.append(f"{row['part']} {float(seconds):.3g} s{of}")
    return "; ".join(parts)


BENCHMARKS = {
    "clustering": (clustering, "clustering the 528 clips of 32 videos to 32 medoids each"),
    "scoring": (scoring, "TVR's validation queries against its videos, already encoded"),
    "training_step": (training_step, "one step of 32 videos and 160 queries at TVR's sizes"),
    "extraction": (extraction, "a minute of film: decoding it, CLIP on one frame per second"),
    "joint_space": (
        joint_space,
        "a typed sentence finds a film and a moment over the bridge of lesson 11, three seeds",
    ),
    "growth": (growth, "time and memory against videos, clips and medoids"),
}
# What they need is not in this project: annotations and 8 GiB of disk, another version, a GPU.
OPTIONAL = {
    "training_sample": (
        training_sample,
        "training on the sample films, beside another version (`--old CHECKOUT`)",
    ),
    "paper_size": (
        paper_size,
        "evaluation and an epoch of training at TVR's size, beside another version (`--old "
        "CHECKOUT`)",
    ),
    "gpu": (gpu, "the same on a GPU, and how near its limits"),
    "paper_release": (
        paper_release,
        "a release of TVR's size in the authors' layout, features random: conversion, joins",
    ),
}


def render() -> str:
    """The page, from the CSVs."""
    lines = []
    measured = {name: row for name, row in OPTIONAL.items() if (RESULTS / f"{name}.csv").exists()}
    for name, (figures, shows) in {**BENCHMARKS, **measured}.items():
        rows = read(name)
        busy = "<br>taken beside other work on the machine" if rows[0].get(BUSY) else ""
        lines.append(f"| `python -m benchmarks.{name}` | {shows} | {figures(rows)}{busy} |")
    lines += [collection_page.line(), fault_page.line()]
    first = read("clustering")[0]
    where = "{device}, {threads} threads, torch {torch}, {date}".format(**first)
    sections = collection_page.section() + fault_page.section()
    return TEXT.format(rows="\n".join(lines), where=where) + sections


if __name__ == "__main__":
    README.write_text(render(), encoding="utf-8", newline="\n")
    experiments_page.write()
    sys.exit(0)
