"""Searches videos by typed sentences without any training, with features of CLIP."""

from __future__ import annotations

from pathlib import Path

from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.openai_clip import OpenAIClipEncoder, named_model
from prvr_lite.model.registry import build_model
from prvr_lite.search.ranking import Hit
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.sentences import OpenAIClipText


class ZeroShotSearch:
    """Finds videos by a typed sentence, in a file whose frames and words share CLIP's space.

    A video's frames are averaged into 32 units, these into all 528 clips; its score is the best
    cosine of the sentence's vector with one of them, which is its key clip. This is the clip scale
    of MS-SL++ (arXiv 2208.12510) on raw features: ``build_model("zero-shot")``.

    Attributes:
        index: searches the clips. text: reads sentences.
    """

    def __init__(self, index: Searcher, text: OpenAIClipText) -> None:
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
        """Encodes the videos of a split, ready to be searched.

        Args:
            dataset: an open file that ``extract_features`` made.
            split: whose videos are searched.
            model: the folder of the file's CLIP model, if it has moved.
            device: as in ``choose_device``.

        Raises:
            ValueError: words and frames are not in one space; the split has no videos; or the model
                can't be loaded or has another size.
            ModuleNotFoundError: transformers is not installed.
        """
        name = shared_model(dataset)
        clip = OpenAIClipEncoder(model or name, device=device)
        if clip.dim != dataset.visual_dim:
            raise ValueError(
                f"{dataset.path}: frames have {dataset.visual_dim} numbers, model {clip.name!r} "
                f"gives {clip.dim}: give the file's, {name}"
            )
        config = ModelConfig(visual_dim=clip.dim, query_dim=clip.dim)
        best_clip = build_model("zero-shot", config).to(clip.device)
        return cls(Searcher.of_split(best_clip, dataset, split), OpenAIClipText(clip))

    def search(self, sentence: str, k: int = 10) -> list[Hit]:
        """Returns the ``k`` best videos for a sentence. ValueError: no words, or k below 1."""
        return self.index.search(self.text.sentence(sentence), k)


def shared_model(dataset: Dataset) -> str:
    """Returns the model by which both frames and words of a file were made.

    Raises:
        ValueError: they were made by different models, or by models without a common space.
    """
    visual, words = named_model(dataset.visual_model), named_model(dataset.text_model)
    if visual is None or visual != words:
        raise ValueError(
            f"{dataset.path}: frames were made by {dataset.visual_model!r}, words by "
            f"{dataset.text_model!r}: zero-shot search needs both by one CLIP, as prvr-lite "
            "extract makes them; train a model to search this file"
        )
    return visual
