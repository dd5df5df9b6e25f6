"""Search without training: the best of all clips of CLIP features, by cosine with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prvr_lite.config import ModelConfig
from prvr_lite.data.clip_features import ClipEncoder, named_model
from prvr_lite.data.features import Dataset
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.zoo import build_model
from prvr_lite.moments.encoding import pooled_times
from prvr_lite.retrieval import Hit, VideoIndex
from prvr_lite.text import ClipText

Float = NDArray[np.float32]


class ZeroShotSearch:
    """Videos of a file whose frames and words share CLIP's space, searched by typed sentences.

    A video's frames are averaged into 32 units, these into all 528 clips; its score is the best
    cosine of the sentence's vector with one of them, and that one is its key clip. This is the
    clip scale of MS-SL++ (arXiv 2208.12510) on features as they come: ``build_model("zero-shot")``.

    Attributes:
        index: the clips. text: what reads sentences.
    """

    def __init__(self, index: VideoIndex, text: ClipText) -> None:
        self.index, self.text = index, text

    @classmethod
    def build(
        cls,
        dataset: Dataset,
        split: str = "test",
        *,
        model: str | Path | None = None,
        device: str = "auto",
    ) -> ZeroShotSearch:
        """Encode the videos of a split.

        Args:
            dataset: an open file that ``extract_features`` made.
            split: whose videos are searched.
            model: where the file's CLIP is now, if it has moved. device: as ``choose_device``.

        Raises:
            ValueError: words and frames that share no space; a split without videos; a model
                that can't be loaded, or of another size.
            ModuleNotFoundError: transformers is not installed.
        """
        name = shared_model(dataset)
        clip = ClipEncoder(model or name, device=device)
        if clip.dim != dataset.visual_dim:
            raise ValueError(
                f"{dataset.path}: frames have {dataset.visual_dim} numbers, model {clip.name!r} "
                f"gives {clip.dim}: give the file's, {name}"
            )
        config = ModelConfig(visual_dim=clip.dim, query_dim=clip.dim)
        best_clip = build_model("zero-shot", config).to(clip.device)
        return cls(VideoIndex.build(best_clip, dataset, split), ClipText(clip))

    def search(self, sentence: str, k: int = 10) -> list[Hit]:
        """The ``k`` best videos for a sentence. Raises ValueError: no words, or k below 1."""
        return self.index.search(self.text.sentence(sentence), k)


def shared_model(dataset: Dataset) -> str:
    """The model that both frames and words of a file were made by.

    Raises:
        ValueError: two models, or such as share no space.
    """
    visual, words = named_model(dataset.visual_model), named_model(dataset.text_model)
    if visual is None or visual != words:
        raise ValueError(
            f"{dataset.path}: frames were made by {dataset.visual_model!r}, words by "
            f"{dataset.text_model!r}: zero-shot search needs both by one CLIP, as prvr-lite "
            "extract makes them; train a model to search this file"
        )
    return visual


def clip_seconds(dataset: Dataset, video_id: str, clip: int, num_units: int = 32) -> Float | None:
    """Start and end of a clip in its video, [2] s; None where that can't be told.

    Args:
        dataset: where the video is.
        video_id: ``Hit.video_id``.
        clip: ``Hit.key_clip``, a row of ``clip_spans(num_units)``; -1 in models without clips.
        num_units: ``model.config.num_units``.

    Raises:
        ValueError: no such video.
    """
    if video_id not in dataset.video_id:
        raise ValueError(f"{dataset.path} has no video {video_id!r}")
    video = dataset.video_id.index(video_id)
    duration = dataset.duration[video]
    if clip < 0 or np.isnan(duration):
        return None
    frames = int(np.diff(dataset.frame_offset)[video])
    times = pooled_times([frames], [duration], num_units)[0]  # [n, 2]
    first, stop = clip_spans(num_units)[clip].tolist()
    return np.array([times[first, 0], times[stop - 1, 1]], np.float32)
