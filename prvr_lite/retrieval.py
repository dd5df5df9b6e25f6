"""Search: encode a collection once, then score any query against it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prvr_lite.data.batches import InputReader, normalise
from prvr_lite.data.features import Dataset
from prvr_lite.files import load_record, save_record
from prvr_lite.index_entry import IndexEntry, concatenate, make_entry
from prvr_lite.model.base import RetrievalModel
from prvr_lite.model.encoding import Similarity, VideoEncoding
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.zoo import model_name, restore_model
from prvr_lite.optimization import choose_device

BLOCK = 256  # queries and videos scored at a time: tables of 256 x 256 x K stay in the caches
INDEX_FORMAT = "prvr-lite index 1"


@dataclass(frozen=True)
class Hit:
    """One ranked video: its row in the index, id, fused score, both scales, and its key clip.

    ``key_clip`` is the row among the video's N clips (``clip_spans``), -1 in models without clips;
    without a frame scale ``frame_score`` repeats ``clip_score``.
    """

    rank: int
    video: int
    video_id: str
    score: float
    clip_score: float
    frame_score: float
    key_clip: int


class VideoIndex:
    """A searchable collection of videos under one model.

    Because key clip guided attention depends on the clip alone, it is computed for every clip
    when the index is built; a query then costs two tables of inner products, a maximum and a
    gather, whatever the length of the videos.
    """

    def __init__(self, model: RetrievalModel, entry: IndexEntry, video_ids: Sequence[str]) -> None:
        self.model, self._entry, self.video_ids = model.eval(), entry, list(video_ids)

    def __len__(self) -> int:
        return len(self.video_ids)

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors (V x 2 K H x 4) and of the clip rows."""
        return sum(
            t.numel() * t.element_size() for t in vars(self._entry).values() if t is not None
        )

    @classmethod
    def build(
        cls,
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        batch_videos: int = 64,
        reader: InputReader | None = None,
    ) -> VideoIndex:
        """Encode the videos of a split, a batch at a time, on the model's device.

        Args:
            reader: reuse the pooled inputs of an earlier call.

        Raises:
            ValueError: a split without videos, or features of another size than the model's.
        """
        reader = reader or InputReader(dataset, model.config)
        rows = dataset.videos_in(split)
        if not len(rows):
            raise ValueError(f"{dataset.path}: split {split!r} has no videos: nothing to search")
        entries = []
        model.eval()
        device = model.device
        for start in range(0, len(rows), batch_videos):
            inputs = reader.videos(rows[start : start + batch_videos])
            with torch.inference_mode():
                entries.append(make_entry(model.encode_videos(*(t.to(device) for t in inputs))))
        return cls(model, concatenate(entries), [dataset.video_id[v] for v in rows])

    @classmethod
    def from_encoding(
        cls,
        model: RetrievalModel,
        videos: VideoEncoding,
        video_ids: Sequence[str] | None = None,
    ) -> VideoIndex:
        """An index of videos that are already encoded; ids default to their rows.

        Raises:
            ValueError: not one id a video.
        """
        ids = video_ids if video_ids is not None else [str(v) for v in range(len(videos))]
        if len(ids) != len(videos):
            raise ValueError(f"{len(ids)} ids for {len(videos)} encoded videos: give one each")
        with torch.inference_mode():
            return cls(model, make_entry(videos), ids)

    def score(self, word_input: Tensor, word_mask: Tensor) -> Similarity:
        """word_input [Q, L, Dw] normalised, word_mask [Q, L] bool -> S_c, S_f, key clip, [Q, V].

        Memory beyond the three results is bounded: blocks of queries against blocks of videos.
        """
        rows = []
        with torch.inference_mode():
            for start in range(0, len(word_input), BLOCK):
                part = slice(start, start + BLOCK)
                device = self._entry.clips.device
                queries = self.model.encode_queries(
                    word_input[part].to(device), word_mask[part].to(device)
                )
                rows.append(self.score_vectors(queries))
        return _stack(rows, 0)

    def score_vectors(self, queries: Tensor) -> Similarity:
        """Encoded queries [Q, H] -> similarities [Q, V]."""
        e, direction = self._entry, unit_length(queries)
        with torch.inference_mode():
            columns = []
            for start in range(0, len(self), BLOCK):
                part = slice(start, start + BLOCK)
                attended = None if e.attended is None else e.attended[part]
                mask = None if e.clip_mask is None else e.clip_mask[part]
                columns.append(self.model.compare(direction, e.clips[part], attended, mask))
        return _stack(columns, 1)

    def search(self, words: Any, k: int = 10, *, alpha: float | None = None) -> list[Hit]:
        """The ``k`` best videos for one query.

        Args:
            words: [L, Dw] its word features (``dataset.words(query)``), or [H] an encoded query.
            alpha: weight of the clip scale, 0..1; None: the model's.

        Raises:
            ValueError: a query of another shape, k below 1, or alpha outside 0..1.
        """
        config, vector = self.model.config, torch.as_tensor(words)
        alpha = config.alpha if alpha is None else alpha
        if k < 1 or not 0 <= alpha <= 1:
            raise ValueError(f"k={k}, alpha={alpha}: k is at least 1 and alpha lies in 0..1")
        if vector.dim() == 2 and len(vector) and vector.shape[1] == config.query_dim:
            cut = normalise(np.asarray(words, dtype=np.float32)[: self.model.config.max_words])
            inputs = torch.from_numpy(cut)[None]
            similarity = self.score(inputs, torch.ones(inputs.shape[:2], dtype=torch.bool))
        elif vector.shape == (config.hidden_dim,):
            similarity = self.score_vectors(vector[None].to(self._entry.clips.device))
        else:
            raise ValueError(
                f"a query of shape {list(vector.shape)}: give word features [L, "
                f"{config.query_dim}] or an encoded query [{config.hidden_dim}]"
            )
        return self._hits(similarity, k, alpha)

    def _hits(self, similarity: Similarity, k: int, alpha: float) -> list[Hit]:
        """The first ``k`` of a ranking [1, V]."""
        fused = similarity.fused(alpha)[0]  # [V]
        best = fused.topk(min(k, len(self))).indices
        key = similarity.key_clip[0, best, None]  # [k, 1]
        clip = similarity.clip[0, best].tolist()
        frame = clip if similarity.frame is None else similarity.frame[0, best].tolist()
        columns = zip(
            best.tolist(),
            fused[best].tolist(),
            clip,
            frame,
            self._entry.clip_index[best].gather(1, key).flatten().tolist(),
            strict=True,
        )
        return [
            Hit(rank, video, self.video_ids[video], *scores)
            for rank, (video, *scores) in enumerate(columns, 1)
        ]

    def clip_index(self, video: int) -> Tensor:
        """Which of the N clips the index keeps of a video, [K]."""
        return self._entry.clip_index[video]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index with its model: atomically, loadable without unpickling code."""
        record = {
            "entry": {k: None if t is None else t.cpu() for k, t in vars(self._entry).items()},
            "video_ids": self.video_ids,
            "model": model_name(self.model),
            "config": asdict(self.model.config),
            "weights": {k: t.cpu() for k, t in self.model.state_dict().items()},
        }
        save_record(path, INDEX_FORMAT, record)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> VideoIndex:
        """Read what :meth:`save` wrote.

        Raises:
            FileNotFoundError: no such file.
            FileFormatError: not such a file, or a damaged one.
            ValueError: an unknown device.
        """
        where = choose_device(device)
        record = load_record(path, INDEX_FORMAT)
        model = restore_model(record["model"], record["config"], record["weights"], where)
        entry = {k: None if t is None else t.to(where) for k, t in record["entry"].items()}
        return cls(model, IndexEntry(**entry), record["video_ids"])  # type: ignore[arg-type]


def _stack(parts: list[Similarity], dim: int) -> Similarity:
    frames = [part.frame for part in parts if part.frame is not None]
    return Similarity(
        torch.cat([part.clip for part in parts], dim),
        torch.cat(frames, dim) if frames else None,
        torch.cat([part.key_clip for part in parts], dim),
    )
