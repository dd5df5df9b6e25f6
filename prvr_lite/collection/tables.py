"""Makes and opens the two tables of a collection: its videos; its model, written last."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from prvr_lite.collection.database import CollectionError, ExistsError, VideoTable
from prvr_lite.collection.rows import make_schema
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.model_record import model_digest, model_record, restore_record
from prvr_lite.search.video_index import refuse_folder

Uri = str | os.PathLike[str]
FORMAT = "prvr-lite collection 1"
VIDEOS, MODEL = "videos", "model"


def start_videos(uri: Uri, model: RetrievalModel, job: str) -> VideoTable:
    """Returns the table for the videos of a new collection; an unfinished build goes on.

    The unfinished build must be of the same model and the same job.

    Raises:
        ExistsError: something else is there, or an unfinished build of another job.
    """
    folder = Path(uri)
    if "://" not in str(uri) and folder.exists():
        names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else {folder.name}
        if names - {f"{VIDEOS}.lance", f"{MODEL}.lance"}:
            raise ExistsError(f"{uri}: something else is there already: choose another name")
    metadata = {"format": FORMAT, "model": model_digest(model), "job": job}
    try:
        return VideoTable.create(uri, VIDEOS, make_schema(model.config.hidden_dim, metadata))
    except ExistsError:
        table = VideoTable(uri, VIDEOS)
    if table.metadata != metadata:
        raise ExistsError(
            f"{uri}: holds another collection, or an unfinished build of another model or of "
            "other data: finish that one, or choose another name"
        )
    return table


def publish(uri: Uri, model: RetrievalModel, text: Mapping[str, Any] | None) -> None:
    """Makes a table of videos a collection, in one step: from now on it can be opened.

    Raises:
        ExistsError: it is one already.
    """
    import pyarrow as pa

    stream = io.BytesIO()
    torch.save(model_record(model, text), stream)
    record = pa.array([stream.getvalue()], pa.large_binary())
    VideoTable.create(uri, MODEL, pa.table({"record": record}))


def open_tables(uri: Uri, device: torch.device) -> tuple[VideoTable, RetrievalModel, Any]:
    """Returns the videos, the model on a device, and the text side.

    Raises:
        MissingError: there is no collection.
        CollectionError: one that is half built, damaged, or not ours.
        FileFormatError: an index folder of version 0.1.
    """
    if "://" not in str(uri) and Path(uri, "manifest.json").exists():
        refuse_folder(Path(uri))  # of version 0.1
    table = VideoTable(uri, VIDEOS)
    kind = table.metadata.get("format")
    if kind != FORMAT or "embedding_functions" in table.metadata:  # names code to be run
        raise CollectionError(
            f"{uri}: is {kind!r} with {sorted(table.metadata)}, expected {FORMAT!r}: give the "
            "folder of a collection, or update prvr-lite"
        )
    if not VideoTable.exists(uri, MODEL):
        raise CollectionError(
            f"{uri}: is half built ({len(table):,} videos so far): run the same build again"
        )
    content = next(VideoTable(uri, MODEL).scan(["record"], 1))["record"][0].as_py()
    try:
        record = torch.load(io.BytesIO(content), "cpu", weights_only=True)
        return table, *restore_record(record, device)
    except Exception as error:  # damaged bytes make the unpickler fail in any way it can
        reason = f"{uri}: its model is damaged ({error!r:.99}): rebuild the collection"
        raise CollectionError(reason) from error
