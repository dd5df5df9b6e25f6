"""What several commands use: options, the ranges of numbers, the data set, a line of metrics."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

from prvr_lite.config import MAX_SEED
from prvr_lite.data.columns import Array
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.files import FileFormatError
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.paper.checkpoint import is_authors_checkpoint, load_authors_checkpoint
from prvr_lite.search.ranking import Hit
from prvr_lite.search.sentences import TextEncoder
from prvr_lite.text import canonical_name, printable
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.parallel import MAX_TIMEOUT
from prvr_lite.videos.frames import FPS

LESSONS: Final = "pip install 'prvr-lite[lessons]' ({error})"  # ends the message of `needed`
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


@dataclass(frozen=True)
class Number:
    """The ``type`` of a command line option: a finite number from ``low`` to ``high``.

    ``above`` leaves ``low`` itself out, ``below`` leaves out ``high``.
    """

    low: float
    high: float
    whole: bool = True
    above: bool = False
    below: bool = False

    def __call__(self, text: str) -> float:
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            value = math.nan
        inside = self.low <= value <= self.high
        if not inside or (self.above and value == self.low) or (self.below and value == self.high):
            raise argparse.ArgumentTypeError(f"{text[:40]!r}: give {self}")
        return value

    def __str__(self) -> str:
        start, end = "above" if self.above else "from", "to below" if self.below else "to"
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {start} {_plain(self.low)} {end} {_plain(self.high)}"


def _plain(number: float) -> str:
    return f"{number:,}".removesuffix(".0")


SEED: Final = Number(0, MAX_SEED)
LESSON: Final = Number(1, 99)
EPOCHS: Final = Number(1, 1_000_000)
SEEDS: Final = Number(1, 1_000)
WORKERS: Final = Number(1, 1_024)
TIMEOUT_SECONDS: Final = Number(0, MAX_TIMEOUT, whole=False, above=True)
TOP: Final = Number(1, 1_000_000)  # videos in a ranking, or that are scored for one
BATCH: Final = Number(1, 65_536)
PART: Final = Number(0, 1, whole=False, below=True)
FRAMES_PER_SECOND: Final = Number(*FPS, whole=False)
MINUTES: Final = Number(0, 1_000_000, whole=False, above=True)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--data`` and ``--device``, options of every command that reads a feature file."""
    parser.add_argument("--data", type=Path, help="feature file; default: the sample films")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def open_data(options: argparse.Namespace) -> Dataset:
    return load_sample() if options.data is None else open_features(options.data)


def named(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Returns some options by name, to pass on to a function that calls them the same."""
    return {name: getattr(options, name) for name in names}


def load_model(options: argparse.Namespace) -> RetrievalModel:
    """Loads ``options.checkpoint``, of this package or of the authors, as its content shows."""
    try:
        return load_checkpoint(options.checkpoint, device=options.device)
    except FileFormatError:  # only then is the file read again
        if not is_authors_checkpoint(options.checkpoint):
            raise
    return load_authors_checkpoint(options.checkpoint, device=options.device)


def say(line: object, *, file: TextIO | None = None) -> None:
    """Prints a line, standard output's if no file is given; `printable` makes it one safe line."""
    print(printable(line), file=file or sys.stdout)


def query_words(
    query: str,
    dataset: Dataset | None,
    reader: Callable[[], TextEncoder],
    *,
    split: str | None = None,
) -> Array:
    """Returns the word features [L, Dw] of a query, and prints its text.

    Args:
        query: the id of a query of the data set, or a sentence.
        dataset: an open feature file; None: the query is a sentence.
        reader: makes a reader of sentences; it is called only for a sentence.
        split: the split whose videos are searched, if they are the data set's. Then a line says if
            the query's video is in another split, and a single word that is not an id is an error.
    """
    row = None if dataset is None else row_of_query(dataset, query)
    if dataset is not None and row is not None:
        say(dataset.query_text[row])
        if split is not None and dataset.query_video[row] not in dataset.videos_in(split):
            say(f"(the video of this query is not in the {split} split)")
        return dataset.words(row)
    if dataset is not None and split is not None:
        _refuse_a_mistyped_id(query, dataset, split)
    words = reader().words(query)
    say(query)
    return words


def row_of_query(dataset: Dataset, query: str) -> int | None:
    """Returns the row of a query's id, as stored or in another Unicode form (NFC), or None."""
    if query in dataset.query_id:
        return dataset.query_id.index(query)
    names = list(map(canonical_name, dataset.query_id))
    asked = canonical_name(query)
    return names.index(asked) if asked in names else None


def _refuse_a_mistyped_id(query: str, dataset: Dataset, split: str) -> None:
    """Refuses a single word: it is more likely a mistyped id than a sentence."""
    rows = dataset.queries_in(split)
    if len(query.split()) == 1 and len(rows):
        raise ValueError(
            f"{dataset.path} has no query with the id {query!r}: give an id such as "
            f"{dataset.query_id[rows[0]]!r}, or a sentence of several words"
        )


def metrics_line(metrics: dict[str, float]) -> str:
    names = [n for n in ("R@1", "R@5", "R@10", "R@100", "SumR", "mAP", "MedR") if n in metrics]
    return "  ".join(f"{name} {metrics[name]:.4g}" for name in names)


def hit_line(hit: Hit) -> str:
    """Returns rank, video and score of a hit, and when its key clip is."""
    when = "" if hit.start is None else f"  {hit.start:.1f}–{hit.end:.1f} s"
    return f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}{when}"
