"""``prvr-lite index``: a collection on disk, encoded once, then changed and searched."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from prvr_lite.cli.shared import Commands, add_data_options, load_model, open_data, query_words
from prvr_lite.collection.candidates import KINDS
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.search.sentences import text_encoder


def add(commands: Commands) -> None:
    parser = commands.add_parser("index", help="build, change and search a collection on disk")
    actions = parser.add_subparsers(required=True, metavar="action")
    build = _action(
        actions, "build", build_index, "encode videos; goes on where it was interrupted"
    )
    build.add_argument("checkpoint", type=Path)
    build.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    build.add_argument("--split", default="test")
    build.add_argument(
        "--part", metavar="I/N", help="the I-th of N parts, I from 1: one part per process"
    )
    append = _action(
        actions, "append", append_to_index, "add videos, or the videos of other indices"
    )
    append.add_argument("folder", type=Path)
    append.add_argument("others", type=Path, nargs="*", help="index folders of the same model")
    append.add_argument("--split", default="test")
    for parser in (build, append):
        parser.add_argument("--batch", type=int, default=64, help="videos encoded at a time")
        add_data_options(parser)
    delete = _action(actions, "delete", delete_from_index, "take videos out")
    delete.add_argument("folder", type=Path)
    delete.add_argument("ids", nargs="+", metavar="ID")
    compact = _action(actions, "compact", compact_index, "give deleted videos' bytes back")
    compact.add_argument("folder", type=Path)
    candidates = _action(actions, "candidates", build_candidates, "build FAISS candidates")
    candidates.add_argument("folder", type=Path)
    candidates.add_argument("--kind", choices=KINDS, default="hnsw")
    search = _action(actions, "search", search_index, "the best videos for a query")
    search.add_argument("folder", type=Path)
    search.add_argument("query", help="a typed sentence, or with --data the id of a query")
    search.add_argument("-k", type=int, default=10, help="how many videos")
    search.add_argument("--candidates", type=int, metavar="N", help="score N that FAISS finds")
    search.add_argument("--text-model", help="where the index's text model is now, if it has moved")
    search.add_argument("--data", type=Path, help="feature file that has the query")
    search.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def _action(actions: Commands, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.set_defaults(run=run)
    return parser


def build_index(options: argparse.Namespace) -> None:
    model = load_model(options)
    with open_data(options) as dataset:
        index = VideoIndex.build(
            model,
            dataset,
            options.split,
            batch_videos=options.batch,
            folder=options.out,
            part=None if options.part is None else _part(options.part),
        )
    _tell(options.out, index)


def append_to_index(options: argparse.Namespace) -> None:
    index = VideoIndex.load(options.folder, device=options.device)
    if options.others and options.data is not None:
        raise ValueError("give either other indices or --data: not both at once")
    if options.others:
        index.merge([VideoIndex.load(other, device=options.device) for other in options.others])
    else:
        with open_data(options) as dataset:
            index.append(dataset, options.split, batch_videos=options.batch)
    _tell(options.folder, index)


def delete_from_index(options: argparse.Namespace) -> None:
    index = VideoIndex.load(options.folder, device="cpu")
    index.delete(options.ids)
    _tell(options.folder, index)


def compact_index(options: argparse.Namespace) -> None:
    index = VideoIndex.load(options.folder, device="cpu")
    index.compact()
    _tell(options.folder, index)


def build_candidates(options: argparse.Namespace) -> None:
    index = VideoIndex.load(options.folder, device="cpu")
    built = index.build_candidates(options.kind)
    print(f"{options.folder}: {options.kind} candidates, {built.nbytes / 2**20:,.1f} MiB")


def search_index(options: argparse.Namespace) -> None:
    index = VideoIndex.load(options.folder, device=options.device)
    place = {"model": options.text_model, "device": options.device}
    reader = partial(text_encoder, index, **place)
    with nullcontext() if options.data is None else open_data(options) as dataset:
        words = query_words(options.query, dataset, reader)
    for hit in index.search(words, options.k, candidates=options.candidates):
        print(f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}")


def _part(text: str) -> tuple[int, int]:
    """ "2/4" -> (1, 4)."""
    number, _, total = text.partition("/")
    if not (number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
        raise ValueError(f"--part {text}: give it as 1/4, 2/4, 3/4 or 4/4 for four parts")
    return int(number) - 1, int(total)


def _tell(folder: Path, index: VideoIndex) -> None:
    print(f"{folder}: {len(index):,} videos, {index.nbytes / 2**20:,.1f} MiB")
