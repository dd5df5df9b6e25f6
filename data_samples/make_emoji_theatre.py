"""Make the Emoji Theatre data set: films from scripts, features from films, one feature file.

    python data_samples/make_emoji_theatre.py --out emoji_theatre.h5

    python data_samples/make_emoji_theatre.py --thumbnails-of old.h5 --out new.h5
    python data_samples/make_emoji_theatre.py --movies films

The second draws only the thumbnails of a finished file again and copies everything else; the third
writes the films that travel whole, as MP4. An interrupted run of the first goes on where it
stopped: finished films wait in the cache folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from theatre.build import build, redraw
from theatre.movie import write_movies
from theatre.script import Film, make_films

SEED = 3  # of the train and val films; the generator was developed on these
TEST_SEED = 677147  # drawn once, after the generator was frozen


def all_films(train: int, val: int, test: int, seed: int, test_seed: int) -> list[Film]:
    """The films of the three splits, in this order; each count is a multiple of 4."""
    return (
        make_films("train", seed, train)
        + make_films("val", seed, val)
        + make_films("test", test_seed, test)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; ``arguments`` are those of the command line unless given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for split, count in (("train", 400), ("val", 100), ("test", 200)):
        parser.add_argument(
            f"--{split}", type=int, default=count, help=f"{split} films, a multiple of 4 [{count}]"
        )
    parser.add_argument(
        "--seed", type=int, default=SEED, help=f"seed of the train and val films [{SEED}]"
    )
    parser.add_argument(
        "--test-seed", type=int, default=TEST_SEED, help=f"seed of the test films [{TEST_SEED}]"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("emoji_theatre.h5"), help="the feature file to write"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("theatre_cache"), help="folder of finished films"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="processes that render and compute [2]"
    )
    parser.add_argument(
        "--thumbnails-of",
        type=Path,
        help="draw only the thumbnails again, copy the rest of this file",
    )
    parser.add_argument(
        "--movies", type=Path, help="write only the films that travel whole, into this folder"
    )
    args = parser.parse_args(arguments)
    films = all_films(args.train, args.val, args.test, args.seed, args.test_seed)
    if args.thumbnails_of:
        return redraw(films, args.thumbnails_of, args.out)
    if args.movies:
        return write_movies(films, args.movies)
    return build(
        films,
        args.out,
        args.cache,
        args.workers,
        f"Train and val seed {args.seed}, test seed {args.test_seed}.",
    )


if __name__ == "__main__":
    main()
