"""``prvr-lite extract``: a folder of video files becomes a feature file."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from prvr_lite.cli.shared import Commands
from prvr_lite.data.openai_clip import DEFAULT_MODEL


def add(commands: Commands) -> None:
    parser = commands.add_parser("extract", help="a folder of videos: its CLIP features in a file")
    parser.add_argument("folder", type=Path, help="videos in it and in the folders in it")
    parser.add_argument("--out", type=Path, required=True, help="the feature file to write")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="CLIP or SigLIP: hub name or folder [%(default)s]"
    )
    parser.add_argument("--fps", type=float, default=1.0, help="frames a second to look at [1]")
    parser.add_argument("--captions", type=Path, help="CSV, TSV or JSON lines: video, text, times")
    parser.add_argument(
        "--split", default="test", help="train, val or test, or their shares such as 80,10,10"
    )
    parser.add_argument("--max-minutes", type=float, default=math.inf, help="skip longer videos")
    parser.add_argument("--no-thumbnails", action="store_true", help="keep no small pictures")
    parser.add_argument("--batch-size", type=int, default=32, help="frames at a time [32]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from prvr_lite.videos.extract import extract_features

    report = extract_features(
        options.folder,
        options.out,
        model=options.model,
        fps=options.fps,
        captions=options.captions,
        split=_split(options.split),
        max_minutes=options.max_minutes,
        thumbnails=not options.no_thumbnails,
        batch_size=options.batch_size,
        device=options.device,
    )
    *notes, total = report.lines()
    for line in notes:
        print(line, file=sys.stderr)
    print(total)


def _split(text: str) -> str | list[float]:
    if "," not in text:
        return text
    try:
        return [float(share) for share in text.split(",")]
    except ValueError as error:
        raise ValueError(f"--split {text}: give a split, or shares such as 80,10,10") from error
