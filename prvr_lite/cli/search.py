"""``prvr-lite search``: finds the best videos for a query of the data set or a typed sentence."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from torch import Tensor

from prvr_lite.cli.shared import (
    LESSONS,
    TOP,
    Commands,
    add_data_options,
    hit_line,
    load_model,
    open_data,
    query_words,
    row_of_query,
    say,
)
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import needed
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.sentences import text_encoder
from prvr_lite.search.video_index import VideoIndex
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
    parser.add_argument("-k", type=TOP, default=10, help="how many videos to show")
    parser.add_argument("--html", type=Path, help="write a page that searches, without a server")
    parser.add_argument("--films", type=Path, help="folder of the video files, linked in the page")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    if options.films is not None and options.html is None:
        raise ValueError("--films is for the links of a page: give --html too")
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
            vector = index.query(words)  # [1, H], for the search and for the page
            for hit in index.search(vector[0], options.k):
                say(hit_line(hit))
            if options.html is not None:
                row = row_of_query(dataset, options.query)
                text = options.query if row is None else dataset.query_text[row]
                _write_page(options, index, dataset, text, vector)


def _zero_shot(options: argparse.Namespace, dataset: Dataset) -> None:
    place = {"model": options.text_model, "device": options.device}
    search = ZeroShotSearch(dataset, split=options.split, **place)
    hits = search.search(options.zero_shot, options.k)
    say(options.zero_shot)
    for hit in hits:
        say(hit_line(hit))
    if options.html is not None:
        vector = search.index.query(search.text.sentence(options.zero_shot))
        _write_page(options, search.index, dataset, options.zero_shot, vector)


def _write_page(
    options: argparse.Namespace, index: Searcher, dataset: Dataset, text: str, vector: Tensor
) -> None:
    """Writes the page of ``--html``: the sentence first, then the queries of the split."""
    with needed(f"a page shows pictures; it needs: {LESSONS}"):
        from prvr_lite.lab.search_page import split_sentences, write_search_page

    sentences = split_sentences(index, dataset, options.split).after(text, vector)
    place = {"split": options.split, "films": options.films, "first": 0}
    say(f"page: {write_search_page(options.html, index, dataset, sentences, **place)}")
