"""``prvr-lite search``: the best videos for one query."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.commands.shared import Commands, add_data_options, load_model, open_data
from prvr_lite.retrieval import VideoIndex


def add(commands: Commands) -> None:
    parser = commands.add_parser("search", help="the best videos for one query of the data set")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("query", help="id of a query of the data set")
    parser.add_argument("-k", type=int, default=10, help="how many videos")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    model = load_model(options)
    with open_data(options) as dataset:
        if options.query not in dataset.query_id:
            raise ValueError(
                f"{dataset.path} has no query {options.query!r}; the first of its {options.split} "
                f"split is {dataset.query_id[dataset.queries_in(options.split)[0]]!r}"
            )
        query = dataset.query_id.index(options.query)
        index = VideoIndex.build(model, dataset, options.split)
        print(dataset.query_text[query])
        if dataset.query_video[query] not in dataset.videos_in(options.split):
            print(f"(the video it was written for is not in the {options.split} split)")
        for hit in index.search(dataset.words(query), options.k):
            print(f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}")
