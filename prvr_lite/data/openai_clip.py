"""Computes features of images and sentences with CLIP and models like it, through transformers.

CLIP (OpenAI, 2021) puts images and sentences into one space, in which an image lies near a sentence
that describes it. So a video can be searched by a sentence without any training. This package calls
the paper's window of a video a *clip*; what belongs to the network is called ``OpenAIClip…`` here.

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


class OpenAIClipEncoder:
    """Turns images and sentences into vectors of one space, by a model of the CLIP family.

    It takes CLIP models (OpenAI's, LAION's, …) and SigLIP models of transformers: any model with
    ``get_image_features`` and ``get_text_features`` of one size.

    Args:
        model: the model's name on the Hugging Face hub, or a folder that holds one.
        device: as ``choose_device``.
        batch_size: how many pictures or sentences are computed at a time.

    Attributes:
        name: the model's name, or the absolute path of its folder.
        dim: D, numbers in a feature.

    Raises:
        ValueError: the model can't be found or loaded, or is of another kind.
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
        """Computes ``get_image_features`` of RGB pictures, [h, w, 3] uint8 each -> [T, D] float32.

        Pictures are taken in batches, so an iterator of any length needs the memory of one batch.
        """
        rest = iter(frames)
        parts = [np.zeros((0, self.dim), np.float32)]
        while batch := list(islice(rest, self.batch_size)):
            parts.append(self._image_batch(batch))
        return np.concatenate(parts)

    def sentences(self, sentences: Sequence[str]) -> Float:
        """Computes ``get_text_features``, vectors to compare with those of images: [Q, D] float32.

        A sentence longer than the model reads (CLIP: 75 tokens) is cut.
        """
        features = [self._text_batch([sentence])[0] for sentence in sentences]
        return np.concatenate([np.zeros((0, self.dim), np.float32), *features])

    def words(self, sentence: str) -> Float:
        """Computes the word features of a sentence to train on, [1 + tokens, D] float32.

        Row 0 is the vector of the whole sentence (:meth:`sentences`): as the first row it stays
        when a retrieval model cuts long sentences. The other rows are the last hidden states of
        the tokens (without start, end and padding), brought into the same space by the projection
        that also makes the sentence's vector.

        Raises:
            ValueError: the sentence is empty.
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
        output = self._network.get_image_features(pixel_values=pixels.to(self.device))
        return np.asarray(_vectors(output).float().cpu(), dtype=np.float32)

    @torch.inference_mode()
    def _text_batch(self, sentences: list[str]) -> tuple[Float, Tensor, Tensor]:
        """Computes sentence features [Q, D], hidden states [Q, L, h] and ids [Q, L] of tokens."""
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
        """The last linear layer of the text network."""
        return self._network.text_model.head if self._siglip else self._network.text_projection


def unit_rows(features: Float) -> Float:
    """Divides each row by its length, [L, D] -> [L, D]; ``extract_features`` stores such rows."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-12), dtype=np.float32)


def model_entry(name: str, taken: str) -> str:
    """Returns a feature file's note about its model: the name, and which output was taken."""
    return name + _MARK + taken


def named_model(entry: str) -> str | None:
    """Returns the name in a :func:`model_entry`; None if another tool wrote the note."""
    name, mark, _ = entry.partition(_MARK)
    return name if mark else None


def resolved_name(model: str | os.PathLike[str]) -> str:
    """Returns a hub name unchanged; makes a folder's path absolute, so that it is always found."""
    return str(Path(model).resolve()) if Path(model).is_dir() else os.fspath(model)


def _load(name: str) -> tuple[Any, Any, Any]:
    """Loads the network, its image processor and its tokenizer."""
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


def _vectors(output: Any) -> Tensor:
    """Returns the features [B, D]: transformers 4 gives the tensor itself, 5 an output with it."""
    tensor: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return tensor
