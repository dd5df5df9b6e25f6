"""The numbers of the experiments, looked up by name in their CSV, and how they are written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pandas as pd

from prvr_lite.files import damaged
from prvr_lite.lab.lines import COLUMNS, KEYS, Line, read_lines
from prvr_lite.lab.rows import EXPERIMENTS

NONE: Final = "–"  # what stands where nothing was measured
PERCENT: Final = ("R@", "SumR", "mIoU")  # metrics that are written to a tenth

NAMES: Final = [key for key in KEYS if key != "seed"]  # of a number, which has a value per seed

_NAME, _HERE = "experiments.csv", Path(__file__).resolve().parent
# a wheel's; a clone's
_PLACES = (_HERE / _NAME, _HERE.parents[1] / "benchmarks" / "results" / _NAME)

Seeds = dict[int | None, float]  # seed -> value; None: measured once for all seeds


class Results:
    """The numbers of a CSV, looked up by what they measure.

    Args:
        lines: as `read_lines` or `line` gives them.
        source: the file that an error names.

    Raises:
        FileFormatError: naming the line: a seed or a value is not a number, or a number is
            duplicated.
    """

    def __init__(self, lines: pd.DataFrame | Iterable[Line], source: str = "results") -> None:
        table = _numbers(pd.DataFrame(lines, columns=COLUMNS, dtype=object), source)
        groups = table.groupby(NAMES, sort=False)[["seed", "value"]]
        self._seeds = {key: dict(rows.itertuples(index=False, name=None)) for key, rows in groups}

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """Reads the numbers of a CSV file.

        Raises:
            FileNotFoundError: there is no such file.
            FileFormatError: other columns, or as for the lines.
        """
        path = Path(path)
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist: write it with prvr-lite experiments")
        return cls(read_lines(path), path.name)

    @classmethod
    def published(cls) -> Results:
        """Reads the numbers that came with the package: five seeds of every model, on the sample.

        Raises:
            FileNotFoundError: they are neither in the installed package nor in the clone.
        """
        return cls.read(next((place for place in _PLACES if place.exists()), _PLACES[-1]))

    def values(
        self,
        experiment: str,
        metric: str,
        *,
        score: str = "fused",
        queries: str = "all",
        split: str = "test",
    ) -> Seeds:
        """Returns each seed's value, by seed ascending; empty if nothing was measured."""
        seeds = self._seeds.get((experiment, split, queries, score, metric), {})
        return dict(sorted(seeds.items(), key=lambda item: -1 if item[0] is None else item[0]))

    def select(self, **keys: Iterable[str]) -> pd.DataFrame:
        """Returns a table of the numbers with these keys: one row per key, with its seeds.

        On test, of all queries and by the fused score, unless the keys say otherwise.
        """
        usual = {"split": ["test"], "queries": ["all"], "score": ["fused"]}
        wanted = {key: list(texts) for key, texts in {**usual, **keys}.items()}
        table = pd.DataFrame(list(self._seeds), columns=NAMES).assign(seeds=self._seeds.values())
        return table[table[list(wanted)].isin(wanted).all(axis=1)]

    def cost(self, experiment: str, metric: str) -> Seeds:
        """Returns what was measured of a whole experiment: "training s", "query ms", …"""
        return self.values(experiment, metric, score="", queries="", split="")

    def differences(
        self,
        experiment: str,
        against: str,
        metric: str,
        *,
        scores: tuple[str, str] = ("fused", "fused"),
        queries: tuple[str, str] = ("all", "all"),
    ) -> Seeds:
        """Returns the value minus that of another experiment, on test, for the seeds of both.

        Args:
            scores, queries: by which the first and the second one are judged.
        """
        first = self.values(experiment, metric, score=scores[0], queries=queries[0])
        second = self.values(against, metric, score=scores[1], queries=queries[1])
        return {seed: first[seed] - second[seed] for seed in first if seed in second}

    def kinds(self, family: str) -> list[str]:
        """Returns the kinds of queries "family=…", in the order in which the CSV has them first."""
        names = dict.fromkeys(queries for _, _, queries, _, _ in self._seeds)
        return [name for name in names if name.startswith(f"{family}=")]

    def scored(self, metric: str, *, split: str = "test") -> list[tuple[str, str]]:
        """Returns (experiment, score) of all that have a metric for all queries of a split."""
        wanted = (split, "all", metric)
        return [(key[0], key[3]) for key in self._seeds if (key[1], key[2], key[4]) == wanted]


def _numbers(lines: pd.DataFrame, source: str) -> pd.DataFrame:
    """Returns the lines with their seeds and values as numbers; an empty seed becomes None."""
    seed, value = lines["seed"], lines["value"]
    faults = {
        "could not convert seed {seed!r} to a whole number": ~seed.str.fullmatch(r"\d*"),
        "could not convert value {value!r} to a number": (
            pd.to_numeric(value, errors="coerce").isna() & (value != "nan")
        ),
        "a second value of {keys}": lines.duplicated(list(KEYS)),
    }
    for problem, wrong in faults.items():
        if wrong.any():
            line = lines[wrong].iloc[0]
            keys = ", ".join(f"{key} {line[key]}" for key in KEYS if line[key])
            place = f"{source}, line {line.name + 2}"
            raise damaged(place, problem.format(**line, keys=keys), "keep one correct line")
    whole = [int(text) if text else None for text in seed]
    return lines.assign(seed=pd.Series(whole, lines.index, object), value=value.astype(float))


def label(experiment: str) -> str:
    """Returns what a reader calls an experiment; its CSV name if it is not in the tables."""
    return EXPERIMENTS[experiment].label if experiment in EXPERIMENTS else experiment


def group(*names: str) -> list[str]:
    """Returns the rows of some groups, in the order of the tables."""
    return [name for name, row in EXPERIMENTS.items() if row.group in names]


def ablation_groups() -> list[str]:
    """Returns the groups of rows that change a part of MS-SL++, in the order of the tables."""
    return list(dict.fromkeys(row.group for row in EXPERIMENTS.values() if row.group != "main"))


def spread_text(values: Seeds, metric: str, *, sign: bool = False) -> str:
    """Returns mean ± standard deviation over seeds (divided by S − 1) as text: "52.0 ± 1.9".

    One seed has no ±, no seed is "–". Percentages have one decimal, alpha two, all else three
    digits at most.

    Args:
        sign: write + before positive means, as for differences.
    """
    numbers = list(values.values())
    if not numbers:
        return NONE
    mean = statistics.fmean(numbers)
    digits = 1 if metric.startswith(PERCENT) else 2 if metric == "alpha" else _decimals(mean)
    text = f"{mean:{'+' if sign else ''},.{digits}f}".replace("-", "−")
    if len(numbers) == 1:
        return text
    return f"{text} ± {statistics.stdev(numbers):,.{digits}f}"


def _decimals(value: float) -> int:
    """Returns how many decimals show a number with three significant digits."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value))))


def markdown(table: pd.DataFrame) -> str:
    """Returns a Markdown table whose first column is the index, under the index's name.

    The text is "" without a row; columns without any number are left out.
    """
    if table.empty:
        return ""
    table = table.astype(object).fillna(NONE).loc[:, lambda cells: ~cells.isin([NONE, ""]).all()]
    lines = [[table.index.name or "", *table], ["---"] * (1 + len(table.columns))]
    lines += table.itertuples(name=None)
    return "\n".join(f"| {' | '.join(c.replace('|', '/') for c in line)} |" for line in lines)
