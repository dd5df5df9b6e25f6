"""Image and sentence features of CLIP and its kin, through transformers.

transformers is optional: ``pip install "prvr-lite[video]"``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.device import choose_device

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]
DEFAULT_MODEL: Final = "openai/clip-vit-base-patch32"
_MARK: Final = " (transformers): "  # stands between a model's name and what was taken from it
IMAGE_TAKEN: Final = "image features, each divided by its length"
WORDS_TAKEN: Final = "the sentence's feature, then its tokens', each divided by its length"


class ClipEncoder:
    """Images and sentences as vectors of one space, by a model of the CLIP family.

    CLIP (OpenAI's, LAION's, …) and SigLIP models of transformers fit: whatever has
    ``get_image_features`` and ``get_text_features`` of one size.

    Args:
        model: a name on the Hugging Face hub, or a folder that holds such a model.
        device: as ``choose_device``.
        batch_size: pictures, or sentences, at a time.

    Attributes:
        name: the model's name; of a folder, the absolute path.
        dim: D, numbers in a feature.

    Raises:
        ValueError: a model that can't be found or loaded, or is of another kind.
        ModuleNotFoundError: transformers is not installed.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: str = "auto",
        batch_size: int = 32,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: take at least one picture at a time")
        self.name = resolved_name(model)
        self.batch_size, self.device = batch_size, choose_device(device)
        self._network, self._processor, self._tokenizer = _load(self.name)
        self._network = self._network.to(self.device).eval()
        config = self._network.config
        self._text_length = int(config.text_config.max_position_embeddings)
        self._siglip = str(config.model_type).startswith("siglip")
        self.dim = int(getattr(config, "projection_dim", 0) or config.vision_config.hidden_size)

    def images(self, frames: Iterable[Pixels]) -> Float:
        """``get_image_features`` of pictures, RGB [h, w, 3] uint8 each -> [T, D] float32.

        Taken a batch at a time: an iterator of any length needs the memory of one batch.
        """
        rest = iter(frames)
        parts = [np.zeros((0, self.dim), np.float32)]
        while batch := list(islice(rest, self.batch_size)):
            parts.append(self._image_batch(batch))
        return np.concatenate(parts)

    def sentences(self, sentences: Sequence[str]) -> Float:
        """``get_text_features``, the vector to compare with images: [Q, D] float32.

        Longer sentences than the model reads (CLIP: 75 tokens) are cut.
        """
        features = [self._text_batch([one])[0] for one in sentences]
        return np.concatenate([np.zeros((0, self.dim), np.float32), *features])

    def words(self, sentence: str) -> Float:
        """Features of a sentence to train on, [1 + tokens, D] float32.

        Row 0 is the sentence's own (:meth:`sentences`), so that it stays when a model cuts long
        sentences; the others are the last hidden states of its tokens (start, end and padding
        left out), brought into the same space by the projection that makes the sentence's.

        Raises:
            ValueError: an empty sentence.
        """
        if not sentence.strip():
            raise ValueError("the sentence is empty: type some words")
        whole, hidden, ids = self._text_batch([sentence])
        special = set(self._tokenizer.all_special_ids)
        real = torch.tensor([token not in special for token in ids[0].tolist()])  # [L]
        with torch.inference_mode():
            tokens = self._text_head()(hidden[0, real.to(hidden.device)])  # [tokens, D]
        return np.concatenate([whole, tokens.float().cpu().numpy()])

    @torch.inference_mode()
    def _image_batch(self, batch: Sequence[Pixels]) -> Float:
        from PIL import Image

        pictures = [Image.fromarray(pixels) for pixels in batch]
        pixels = self._processor(images=pictures, return_tensors="pt")["pixel_values"]
        found = self._network.get_image_features(pixel_values=pixels.to(self.device))
        return np.asarray(_vectors(found).float().cpu(), dtype=np.float32)

    @torch.inference_mode()
    def _text_batch(self, sentences: list[str]) -> tuple[Float, Tensor, Tensor]:
        """Sentence features [Q, D], hidden states of their tokens [Q, L, h], token ids [Q, L]."""
        inputs = self._tokenizer(
            sentences,
            padding="max_length" if self._siglip else True,  # SigLIP never saw shorter ones
            truncation=True,
            max_length=self._text_length,
            return_tensors="pt",
        ).to(self.device)
        if self._siglip:
            inputs = {"input_ids": inputs["input_ids"]}  # nor a mask
        hidden = self._network.text_model(**inputs).last_hidden_state  # [Q, L, h]
        whole = _vectors(self._network.get_text_features(**inputs))  # [Q, D]
        return whole.float().cpu().numpy(), hidden, inputs["input_ids"]

    def _text_head(self) -> Any:
        """The last linear layer of the text tower."""
        return self._network.text_model.head if self._siglip else self._network.text_projection


def unit_rows(features: Float) -> Float:
    """Each row divided by its length: what ``extract_features`` stores. [L, D] -> [L, D]."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-12), dtype=np.float32)


def model_entry(name: str, taken: str) -> str:
    """What a feature file says of its model: the name, and what was taken from it."""
    return name + _MARK + taken


def named_model(entry: str) -> str | None:
    """The name in a :func:`model_entry`; None in what other tools wrote."""
    name, mark, _ = entry.partition(_MARK)
    return name if mark else None


def resolved_name(model: str | os.PathLike[str]) -> str:
    """A hub name as it is; a folder's path made absolute, so that it is found from anywhere."""
    return str(Path(model).resolve()) if Path(model).is_dir() else os.fspath(model)


def _load(name: str) -> tuple[Any, Any, Any]:
    """The network, its image processor and its tokenizer."""
    try:
        transformers = import_module("transformers")
        import_module("PIL")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'CLIP features need {error.name}: pip install "prvr-lite[video]"', name=error.name
        ) from error
    try:
        network = transformers.AutoModel.from_pretrained(name)
        processor = transformers.AutoImageProcessor.from_pretrained(name)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"model {name!r} can't be loaded ({reason}): give the name of a CLIP or SigLIP model "
            f"on the Hugging Face hub, such as {DEFAULT_MODEL}, or the folder of one saved there"
        ) from error
    if not hasattr(network, "get_image_features") or not hasattr(network, "text_model"):
        raise ValueError(
            f"model {name!r} is a {type(network).__name__}, which has no image and sentence "
            f"features in one space: choose a CLIP or SigLIP model, such as {DEFAULT_MODEL}"
        )
    return network, processor, tokenizer


def _vectors(found: Any) -> Tensor:
    """transformers 4 gives the tensor [B, D] itself, 5 an output that holds it."""
    tensor: Tensor = found if isinstance(found, Tensor) else found.pooler_output
    return tensor
