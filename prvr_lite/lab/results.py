"""What the CSV of the experiments says: numbers by name, and how they are written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from prvr_lite.lab.lines import KEYS, Line, read_lines
from prvr_lite.lab.rows import EXPERIMENTS

NONE: Final = "–"  # what stands where nothing was measured
PERCENT: Final = ("R@", "SumR", "mIoU")  # metrics that are told to a tenth

_NAME, _HERE = "experiments.csv", Path(__file__).resolve().parent
# a wheel's; a clone's
_PLACES = (_HERE / _NAME, _HERE.parents[1] / "benchmarks" / "results" / _NAME)

Seeds = dict[int | None, float]  # seed -> value; None: measured once for all seeds


class Results:
    """The numbers of a CSV, found by what they are.

    Args:
        lines: as `read_lines` gives them.

    Raises:
        ValueError: naming the line: a seed or a value that is no number, or a number told twice.
    """

    def __init__(self, lines: Iterable[Line], source: str = "results") -> None:
        self._values: dict[tuple[str, ...], Seeds] = {}
        for number, line in enumerate(lines, start=2):  # the first line names the columns
            experiment, seed_text, *rest = (line[key] for key in KEYS)
            try:
                seed = int(seed_text) if seed_text else None
                value = float(line["value"])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{source}, line {number}: {error}") from error
            seeds = self._values.setdefault((experiment, *rest), {})
            if seed in seeds:
                told = ", ".join(f"{key} {line[key]}" for key in KEYS if line[key])
                raise ValueError(f"{source}, line {number}: a second value of {told}; keep one")
            seeds[seed] = value

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """The numbers of a CSV file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a column is missing, or as for the lines.
        """
        path = Path(path)
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist: write it with prvr-lite experiments")
        return cls(read_lines(path), path.name)

    @classmethod
    def published(cls) -> Results:
        """The numbers that came with the package: five seeds of every model, on the sample films.

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
        """Each seed's value, by seed ascending; empty where nothing was measured."""
        found = self._values.get((experiment, split, queries, score, metric), {})
        return dict(sorted(found.items(), key=lambda item: -1 if item[0] is None else item[0]))

    def cost(self, experiment: str, metric: str) -> Seeds:
        """What was measured of an experiment as a whole: "training s", "query ms", …"""
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
        """Value minus that of another experiment, on test, for the seeds that both have.

        Args:
            scores, queries: by which the first and the second one are judged.
        """
        ours = self.values(experiment, metric, score=scores[0], queries=queries[0])
        theirs = self.values(against, metric, score=scores[1], queries=queries[1])
        return {seed: ours[seed] - theirs[seed] for seed in ours if seed in theirs}

    def kinds(self, family: str) -> list[str]:
        """Kinds of queries "family=…", in the order in which the CSV first names them."""
        found = (key[2] for key in self._values)
        return [kind for kind in dict.fromkeys(found) if kind.startswith(f"{family}=")]

    def scored(self, metric: str, *, split: str = "test") -> list[tuple[str, str]]:
        """(experiment, score) of all that have a metric for all queries of a split, in order."""
        keys = (key for key in self._values if (key[1], key[2], key[4]) == (split, "all", metric))
        return [(key[0], key[3]) for key in keys]


def label(experiment: str) -> str:
    """What a reader calls an experiment; its own name where it is no row of the tables."""
    return EXPERIMENTS[experiment].label if experiment in EXPERIMENTS else experiment


def group(*names: str) -> list[str]:
    """The rows of some groups, in the order of the tables."""
    return [name for name, row in EXPERIMENTS.items() if row.group in names]


def ablation_groups() -> list[str]:
    """The groups of rows that take MS-SL++ apart, in the order of the tables."""
    return list(dict.fromkeys(row.group for row in EXPERIMENTS.values() if row.group != "main"))


def spread_text(values: Seeds, metric: str, *, sign: bool = False) -> str:
    """Mean ± standard deviation over seeds (divided by S − 1): "52.0 ± 1.9".

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
    """How many decimals leave a number three digits."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value))))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; "" where there is no row. Columns without any number are left out."""
    if not rows:
        return ""
    kept = [
        i
        for i, name in enumerate(header)
        if i == 0 or not name or any(row[i] not in (NONE, "") for row in rows)
    ]
    table = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(row[i].replace('|', '/') for i in kept)} |" for row in table)
