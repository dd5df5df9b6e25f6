"""``prvr-lite extract``: turns a folder of video files into a feature file."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from prvr_lite.cli.shared import BATCH, FRAMES_PER_SECOND, MINUTES, Commands, named, say
from prvr_lite.data.openai_clip import DEFAULT_MODEL
from prvr_lite.videos.video_files import check_shares


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "extract", help="turn a folder of videos into a file of CLIP features"
    )
    parser.add_argument("folder", type=Path, help="folder of the videos; subfolders are read too")
    parser.add_argument("--out", type=Path, required=True, help="the feature file to write")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="CLIP or SigLIP model: hub name or folder [%(default)s]",
    )
    parser.add_argument(
        "--fps", type=FRAMES_PER_SECOND, default=1.0, help="how many frames per second to use [1]"
    )
    parser.add_argument(
        "--captions", type=Path, help="captions: CSV, TSV or JSON lines with video, text, times"
    )
    parser.add_argument(
        "--split",
        type=_split,
        default="test",
        help="train, val or test for all videos, or shares such as 80,10,10",
    )
    parser.add_argument(
        "--max-minutes", type=MINUTES, default=math.inf, help="skip videos that are longer"
    )
    parser.add_argument(
        "--no-thumbnails",
        action="store_false",
        dest="thumbnails",
        help="don't keep small pictures of frames",
    )
    parser.add_argument(
        "--batch-size", type=BATCH, default=32, help="how many frames to compute at a time [32]"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from prvr_lite.videos.extract import extract_features

    names = ("model", "fps", "captions", "split", "max_minutes", "batch_size", "device")
    given = named(options, *names, "thumbnails")
    report = extract_features(options.folder, options.out, **given)
    *notes, total = report.lines()
    for line in notes:
        say(line, file=sys.stderr)
    say(total)


def _split(text: str) -> str | Sequence[float]:
    if "," not in text:
        return text
    try:
        return check_shares([float(share) for share in text.split(",")])
    except ValueError as error:
        shares = "shares of train, val and test, such as 80,10,10"
        raise argparse.ArgumentTypeError(f"{text!r}: give a split, or {shares}") from error
