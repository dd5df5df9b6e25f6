"""``prvr-lite search``: finds the best videos for a query of the data set or a typed sentence."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from prvr_lite.cli.shared import Commands, add_data_options, load_model, open_data, query_words
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.dataset import Dataset
from prvr_lite.moments.clip_seconds import clip_seconds
from prvr_lite.search.ranking import Hit
from prvr_lite.search.sentences import text_encoder
from prvr_lite.videos.zero_shot import ZeroShotSearch


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "search", help="find the best videos for a query or a typed sentence"
    )
    parser.add_argument("checkpoint", type=Path, nargs="?", help="file of a trained model")
    parser.add_argument("--split", default="test")
    parser.add_argument("query", nargs="?", help="id of a query of the data set, or a sentence")
    parser.add_argument(
        "--zero-shot",
        metavar="SENTENCE",
        help="search without a trained model, in a file of CLIP features",
    )
    parser.add_argument("--text-model", help="folder of the data's CLIP model, if it has moved")
    parser.add_argument("-k", type=int, default=10, help="how many videos to show")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    if options.zero_shot is not None:
        if options.checkpoint is not None:
            raise ValueError("--zero-shot takes only a sentence: leave out the checkpoint")
        with open_data(options) as dataset:
            _zero_shot(options, dataset)
    elif options.query is None:
        raise ValueError("give a checkpoint and a query, or --zero-shot and a sentence")
    else:
        model = load_model(options)
        with open_data(options) as dataset:
            place = {"model": options.text_model, "device": options.device}
            reader = partial(text_encoder, dataset, **place)
            words = query_words(options.query, dataset, reader, split=options.split)
            index = VideoIndex.build(model, dataset, options.split)
            _print(dataset, index.search(words, options.k), model.config.num_units)


def _zero_shot(options: argparse.Namespace, dataset: Dataset) -> None:
    place = {"model": options.text_model, "device": options.device}
    search = ZeroShotSearch.build(dataset, options.split, **place)
    hits = search.search(options.zero_shot, options.k)
    print(options.zero_shot)
    _print(dataset, hits, search.index.model.config.num_units)


def _print(dataset: Dataset, hits: Sequence[Hit], num_units: int) -> None:
    for hit in hits:
        span = clip_seconds(dataset, hit.video_id, hit.key_clip, num_units)
        when = f"  {span[0]:.1f}–{span[1]:.1f} s" if span else ""
        print(f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}{when}")
