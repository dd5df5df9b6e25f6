"""Typed sentences for an index that knows how its model's words were made, without the data set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.columns import Projection
from prvr_lite.search.sentences import TextEncoder, text_encoder


@dataclass(frozen=True)
class TextSide:
    """What `text_encoder` wants to know of a data set, as an index has kept it."""

    path: Path
    text_model: str
    query_dim: int
    projection: Projection | None


def index_text_encoder(
    index: VideoIndex, *, model: str | Path | None = None, device: str = "auto"
) -> TextEncoder:
    """What turns typed sentences into words that ``index.search`` takes.

    Args:
        model, device: as `text_encoder`.

    Raises:
        ValueError: the index does not know its text model, or that one can't be run here.
        ModuleNotFoundError: the network's package is missing; names the pip extra.
    """
    where = index.folder.path if index.folder else Path("the index in memory")
    if index.text is None:
        raise ValueError(
            f"{where}: does not say what made its model's words: search with word features, or "
            "with --data and the id of a query"
        )
    names = [field.name for field in fields(Projection)]
    known = all(name in index.text for name in names)
    projection = Projection(*(index.text[name] for name in names)) if known else None
    side = TextSide(where, index.text["text_model"], index.model.config.query_dim, projection)
    return text_encoder(side, model=model, device=device)
