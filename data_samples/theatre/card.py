"""Prints the numbers of the data card as Markdown tables, from the scripts alone.

python -m theatre.card --seed 3 --test-seed 3     (in data_samples)
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from .oracles import oracle_scores
from .script import FPS, Film, make_films, relevant_films


@dataclass(frozen=True)
class Asked:
    """One query's moment: its steps, its length in frames, its share of the film."""

    steps: int
    frames: int
    ratio: float


def asked(films: Sequence[Film]) -> list[Asked]:
    """Returns one entry per query."""
    rows = []
    for film in films:
        for query in film.queries:
            moment = film.moments[query.moment]
            rows.append(Asked(len(moment.lengths), moment.length, moment.length / film.length))
    return rows


def _counts(films: Sequence[Film]) -> list[str]:
    rows = asked(films)
    frames = sum(film.length for film in films)
    seconds = [film.length / FPS for film in films]
    moments = [moment for film in films for moment in film.moments]
    captioned = sum(moment.length for moment in moments)
    several = sum(len(answering) > 1 for answering in relevant_films(list(films)))
    return [
        f"{len(films)}",
        f"{frames:,}",
        " / ".join(f"{value:.0f}" for value in (min(seconds), median(seconds), max(seconds))),
        f"{100 * (1 - captioned / frames):.0f} %",
        f"{len(moments):,} ({sum(len(moment.lengths) == 2 for moment in moments):,})",
        f"{len(rows):,} ({100 * fmean(row.steps == 2 for row in rows):.0f} %)",
        f"{several}",
    ]


def _ratios(rows: Sequence[Asked]) -> list[str]:
    ratios = [row.ratio for row in rows]
    cuts = quantiles(ratios, n=20, method="inclusive")  # 5, 10, …, 95 %
    shown = [min(ratios), *(cuts[index] for index in (0, 4, 9, 14, 18)), max(ratios), fmean(ratios)]
    return [f"{len(rows):,}", *(f"{value:.3f}" for value in shown)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def card_tables(splits: dict[str, list[Film]]) -> str:
    """Returns counts of all splits, and moment-to-video ratios and oracles of the test split."""
    head = ("", "films", "frames", "seconds: least / median / most", "filler", "moments (two-step)",
            "queries (two-step)", "queries that several films answer")  # fmt: skip
    counts = _table(head, [[split, *_counts(films)] for split, films in splits.items()])
    rows = asked(splits["test"])
    quantile = (
        "ratio, test queries",
        "queries",
        "least",
        "5 %",
        "25 %",
        "50 %",
        "75 %",
        "95 %",
        "most",
        "mean",
    )
    parts = [("all", rows)] + [
        (f"{steps}-step", [row for row in rows if row.steps == steps]) for steps in (1, 2)
    ]
    ratios = _table(quantile, [[name, *_ratios(part)] for name, part in parts])
    scores = oracle_scores(splits["test"])
    named = [
        [name, f"{x.all:.1f}", f"{x.one_step:.1f}", f"{x.two_step:.1f}"]
        for name, x in scores.items()
    ]
    oracles = _table(("oracle, R@1 on test", "all", "1-step", "2-step"), named)
    return f"{counts}\n\n{ratios}\n\n{oracles}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--test-seed", type=int, required=True)
    args = parser.parse_args()
    splits = {
        "train": make_films("train", args.seed, 400),
        "val": make_films("val", args.seed, 100),
    }
    print(card_tables({**splits, "test": make_films("test", args.test_seed, 200)}))


if __name__ == "__main__":
    main()
