"""``prvr-lite index``: a collection in a database, encoded once, then changed and searched."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prvr_lite.cli.shared import (
    BATCH,
    TOP,
    Commands,
    add_data_options,
    hit_line,
    load_model,
    open_data,
    query_words,
    say,
)
from prvr_lite.search.sentences import text_encoder
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.parallel import rank_device, this_rank, world_size

if TYPE_CHECKING:
    from prvr_lite.collection.video_collection import VideoCollection

WHERE = "folder of a collection, or an object store's s3://…"
READ = f"{WHERE}; or one index file"


def add(commands: Commands) -> None:
    parser = commands.add_parser("index", help="build, change and search a collection on disk")
    actions = parser.add_subparsers(required=True, metavar="action")
    build = _action(
        actions, "build", build_index, "encode videos; goes on where it was interrupted"
    )
    build.add_argument("checkpoint", type=Path)
    build.add_argument("--out", required=True, metavar="FOLDER", help=WHERE)
    append = _action(
        actions, "append", append_to_index, "add videos, or the videos of other collections"
    )
    append.add_argument("folder", help=WHERE)
    append.add_argument("others", nargs="*", help="collections of the same model")
    append.add_argument("--skip", action="store_true", help="pass over videos that are there")
    for parser in (build, append):
        parser.add_argument("--split", default="test")
        parser.add_argument("--batch", type=BATCH, default=64, help="videos encoded at a time")
        add_data_options(parser)
    delete = _action(actions, "delete", delete_from_index, "take videos out")
    delete.add_argument("folder", help=WHERE)
    delete.add_argument("ids", nargs="+", metavar="ID")
    for name, method, text in (
        ("compact", "optimise", "give bytes back, take new videos into the candidates"),
        ("candidates", "build_candidates", "index all clips, for search --candidates"),
    ):
        action = _action(actions, name, improve_index, text)
        action.set_defaults(method=method)
        action.add_argument("folder", help=WHERE)
    check = _action(actions, "check", check_index, "compare every value with its digest")
    check.add_argument("folder", help=READ)
    search = _action(actions, "search", search_index, "the best videos for a query, and when")
    search.add_argument("folder", help=READ)
    search.add_argument("query", help="a typed sentence, or with --data the id of a query")
    search.add_argument("-k", type=TOP, default=10, help="how many videos")
    search.add_argument("--candidates", type=TOP, metavar="N", help="score N that the index finds")
    search.add_argument("--text-model", help="where the index's text model is now, if it has moved")
    search.add_argument("--data", type=Path, help="feature file that has the query")
    search.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def _action(actions: Commands, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.set_defaults(run=run)
    return parser


def build_index(options: argparse.Namespace) -> None:
    """Builds an index, alone or as one of the processes that torchrun started."""
    from prvr_lite.collection.video_collection import VideoCollection

    options.device = str(rank_device(options.device))
    model, rank = load_model(options), this_rank()
    processes = {"rank": rank, "size": world_size(), "batch_videos": options.batch}
    with open_data(options) as dataset:
        missing = VideoCollection.build(options.out, model, dataset, options.split, **processes)
    if not missing:
        _report(VideoCollection.open(options.out, device="cpu"))
        return
    waiting = ", ".join(f"{count} of rank {rank}" for rank, count in missing.items())
    say(f"{options.out}: rank {rank} is done; videos still missing: {waiting}")


def append_to_index(options: argparse.Namespace) -> None:
    index = _open(options)
    if options.others and options.data is not None:
        raise ValueError("give either other collections or --data: not both at once")
    for folder in options.others:
        index.append(type(index).open(folder, device="cpu"), skip=options.skip)
    if not options.others:
        with open_data(options) as dataset:
            index.append(dataset, options.split, skip=options.skip, batch_videos=options.batch)
    _report(index)


def delete_from_index(options: argparse.Namespace) -> None:
    index = _open(options)
    index.delete(options.ids)
    _report(index)


def improve_index(options: argparse.Namespace) -> None:
    index = _open(options)
    getattr(index, options.method)()
    _report(index)


def check_index(options: argparse.Namespace) -> None:
    if Path(options.folder).is_file():
        videos = len(VideoIndex.load(options.folder, device="cpu", verify=True))
    else:
        videos = _open(options).check()
    say(f"{options.folder}: {videos:,} videos, every value as it was written")


def search_index(options: argparse.Namespace) -> None:
    if Path(options.folder).is_file():
        index: VideoIndex | VideoCollection = VideoIndex.load(options.folder, device=options.device)
    else:
        index = _open(options)
    place = {"model": options.text_model, "device": options.device}
    with nullcontext() if options.data is None else open_data(options) as dataset:
        words = query_words(options.query, dataset, partial(text_encoder, index, **place))
    if options.candidates is None:
        hits = index.search(words, options.k)
    elif isinstance(index, VideoIndex):
        raise ValueError(f"{options.folder}: is one file, which has no candidates: leave them out")
    else:
        hits = index.search(words, options.k, candidates=options.candidates)
    for hit in hits:
        say(hit_line(hit))


def _open(options: argparse.Namespace) -> VideoCollection:
    from prvr_lite.collection.video_collection import VideoCollection  # it is not always there

    return VideoCollection.open(options.folder, device=getattr(options, "device", "cpu"))


def _report(index: VideoCollection) -> None:
    line = f"{index.uri}: {len(index):,} videos, {index.nbytes / 2**20:,.1f} MiB"
    outside = index.unindexed
    if outside is not None:
        line += f", {outside:,} of them not among the candidates yet (prvr-lite index compact)"
    say(line if outside else line.split(", 0 of them")[0])
