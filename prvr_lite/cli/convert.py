"""``prvr-lite convert``: turns the authors' files of the paper's data sets into a feature file."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import PART, Commands, named, say
from prvr_lite.paper.convert import PRECISIONS, convert_release
from prvr_lite.paper.layout import COLLECTIONS


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "convert", help="turn TVR, ActivityNet Captions or Charades-STA into a feature file"
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "root", type=Path, help="folder with <collection>/FeatureData and <collection>/TextData"
    )
    parser.add_argument("collection", choices=COLLECTIONS)
    parser.add_argument("--out", type=Path, required=True, help="the feature file to write")
    parser.add_argument(
        "--annotations",
        type=Path,
        nargs="+",
        default=(),
        help="files of timestamps, or folders of them; default: those in TextData",
    )
    parser.add_argument(
        "--validation-part",
        type=PART,
        default=0.1,
        help="part of the train videos that becomes val if the release has no val; 0: none",
    )
    parser.add_argument(
        "--dtype", choices=PRECISIONS, default="float32", help="float16 halves the file"
    )
    parser.add_argument(
        "--feature", help="folder or file in FeatureData; default: the one of the paper"
    )
    parser.add_argument("--query-feature", help="file in TextData; default: the one of RoBERTa")


def run(options: argparse.Namespace) -> None:
    given = named(options, "annotations", "feature", "query_feature", "validation_part", "dtype")
    report = convert_release(options.root, options.collection, options.out, **given, progress=True)
    for line in str(report).split("\n"):
        say(line)
