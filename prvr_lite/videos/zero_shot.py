"""Searches videos by typed sentences without any training, with features of CLIP."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.openai_clip import DEFAULT_MODEL, JointEncoder, OpenAIClipEncoder, named_model
from prvr_lite.model.registry import build_model
from prvr_lite.search.ranking import Hit
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.sentences import OpenAIClipText
from prvr_lite.text import printable
from prvr_lite.videos.extract import extract_features


class ZeroShotSearch:
    """Finds videos by a typed sentence, in a file whose frames and words share CLIP's space.

    A video's frames are averaged into 32 units, these into all 528 clips; its score is the best
    cosine of the sentence's vector with one of them, which is its key clip. This is the clip scale
    of MS-SL++ (arXiv 2208.12510) on raw features: ``build_model("zero-shot")``.

    ``ZeroShotSearch("holidays/").search("a dog jumps into the water")`` is all that it takes: the
    films of a folder are turned into features first. What was done once is not done again, so the
    next search of the folder reads only films that are new or have changed.

    Args:
        films: a folder of video files, a feature file that ``extract_features`` made, or an open
            one.
        split: whose videos are searched; those of a folder are all in "test".
        model: for a folder, which CLIP reads it (as in ``OpenAIClipEncoder``); for a feature file,
            the folder of its CLIP model, if that has moved; for both, a loaded one, or another
            ``JointEncoder``.
        out: for a folder, the feature file; None: beside the folder, as ``holidays.zero-shot.h5``.
        device: as in ``choose_device``.
        progress: whether a folder shows a progress bar.

    Attributes:
        index: searches the clips. text: reads sentences.

    Raises:
        ValueError: words and frames are not in one space; the split has no videos; or the model
            can't be loaded or has another size; and for a folder as ``extract_features``.
        ModuleNotFoundError: transformers, or for a folder PyAV, is not installed.
    """

    def __init__(
        self,
        films: str | Path | Dataset,
        *,
        split: str = "test",
        model: str | Path | JointEncoder | None = None,
        out: str | Path | None = None,
        device: str = "auto",
        progress: bool = True,
    ) -> None:
        if not isinstance(films, Dataset) and Path(films).is_dir():
            films = _extract(Path(films), out, model, device, progress)
        opened = nullcontext(films) if isinstance(films, Dataset) else open_features(films)
        with opened as dataset:
            name = shared_model(dataset)
            clip = _loaded(model or name, device)
            if clip.dim != dataset.visual_dim:
                raise ValueError(
                    f"{dataset.path}: the frame features have {dataset.visual_dim} numbers, but "
                    f"model {clip.name!r} gives {clip.dim}. Choose the model that made the file: "
                    f"{name}"
                )
            config = ModelConfig(visual_dim=clip.dim, query_dim=clip.dim)
            best_clip = build_model("zero-shot", config).to(clip.device)
            self.index = Searcher.of_split(best_clip, dataset, split)
        self.text = OpenAIClipText(clip)

    def search(self, sentence: str, k: int = 10) -> list[Hit]:
        """Returns the ``k`` best videos for a sentence. ValueError: no words, or k below 1."""
        return self.index.search(self.text.sentence(sentence), k)


def _loaded(model: str | Path | JointEncoder, device: str) -> JointEncoder:
    """Loads a model by its name or folder; gives back one that is loaded."""
    if isinstance(model, str | Path):
        return OpenAIClipEncoder(model, device=device)
    return model


def _extract(
    folder: Path,
    out: str | Path | None,
    model: str | Path | JointEncoder | None,
    device: str,
    progress: bool,
) -> Path:
    """Brings the feature file of a folder up to date, and says what was skipped."""
    place = folder.resolve()
    path = place.with_name(f"{place.name}.zero-shot.h5") if out is None else Path(out)
    name = model or DEFAULT_MODEL
    report = extract_features(folder, path, model=name, device=device, progress=progress)
    for file, reason in report.skipped.items():
        print(printable(f"skipped {file}: {reason}"))
    return path


def shared_model(dataset: Dataset) -> str:
    """Returns the name of the one model that made both the frames and the words of a file.

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
