"""Search without training: the best of all clips of CLIP features, by cosine with a sentence."""

from __future__ import annotations

from pathlib import Path

from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.openai_clip import ClipEncoder, named_model
from prvr_lite.model.registry import build_model
from prvr_lite.search.ranking import Hit
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.sentences import ClipText


class ZeroShotSearch:
    """Videos of a file whose frames and words share CLIP's space, searched by typed sentences.

    A video's frames are averaged into 32 units, these into all 528 clips; its score is the best
    cosine of the sentence's vector with one of them, and that one is its key clip. This is the
    clip scale of MS-SL++ (arXiv 2208.12510) on features as they come: ``build_model("zero-shot")``.

    Attributes:
        index: searches the clips. text: reads sentences.
    """

    def __init__(self, index: Searcher, text: ClipText) -> None:
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
        return cls(Searcher.of_split(best_clip, dataset, split), ClipText(clip))

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
