"""Computes features of images and sentences with CLIP and models like it, through transformers.

CLIP (OpenAI, 2021) puts images and sentences into one space, in which an image lies near a sentence
that describes it. So a video can be searched by a sentence without any training. This package calls
the paper's window of a video a *clip*; what belongs to the network is called ``OpenAIClip…`` here.

transformers is optional: ``pip install "prvr-lite[video]"``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.device import choose_device
from prvr_lite.files import needed

Float = NDArray[np.float32]
Pixels = NDArray[np.uint8]
DEFAULT_MODEL: Final = "openai/clip-vit-base-patch32"
_MARK: Final = " (transformers): "  # stands between a model's name and what was taken from it
IMAGE_TAKEN: Final = "image features, each divided by its length"
WORDS_TAKEN: Final = "the sentence's feature, then its tokens', each divided by its length"


class JointEncoder(Protocol):
    """What turns images and sentences into vectors of one space: ``OpenAIClipEncoder``, or yours.

    Attributes:
        name: tells its weights from all others. dim: D. device: where vectors are compared.
    """

    name: str
    dim: int
    device: torch.device

    def images(self, frames: Iterable[Pixels]) -> Float:
        """Computes the vectors of RGB pictures, [h, w, 3] uint8 each -> [T, D] float32."""
        ...

    def words(self, sentence: str) -> Float:
        """Computes the vector of a sentence, then those of its words, [1 + L, D] float32."""
        ...


class OpenAIClipEncoder:
    """Turns images and sentences into vectors of one space, by a model of the CLIP family.

    It takes CLIP models (OpenAI's, LAION's, …), SigLIP and SigLIP 2 of transformers: any model with
    ``get_image_features`` and ``get_text_features`` of one size.

    Args:
        model: the model's name on the Hugging Face hub, or a folder that holds one.
        device: as ``choose_device``.
        batch_size: how many pictures or sentences are computed at a time.

    Attributes:
        name: the model's name, or the absolute path of its folder.
        dim: D, numbers in a feature.

    Raises:
        ValueError: the model can't be found or loaded, is damaged, or is of another kind.
        ModuleNotFoundError: transformers is not installed.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: str = "auto",
        batch_size: int = 32,
    ) -> None:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: take at least one picture at a time")
        self.name = resolved_name(model)
        self.batch_size, self.device = batch_size, choose_device(device)
        self._network, self._processor, self._tokenizer = _load(self.name)
        with _one_line(self.name):
            self._network = self._network.to(self.device).eval()
            config = self._network.config
            self._text_length = int(config.text_config.max_position_embeddings)
            self._siglip = str(config.model_type).startswith("siglip")
            self.dim = self._try_out()

    @torch.inference_mode()
    def _try_out(self) -> int:
        """Computes a picture and two sentences; returns how many numbers a feature has.

        Where files of a model are missing, transformers may load something else that does not fit,
        such as a tokenizer without words.
        """
        dim = int(self._image_batch([np.zeros((48, 64, 3), np.uint8)]).shape[1])
        whole, hidden, ids = self._text_batch(["a dog jumps into the water", "snow on the roof"])
        if whole.shape[1] != dim:
            raise ValueError(f"pictures get {dim} numbers, sentences {whole.shape[1]}")
        special = set(self._tokenizer.all_special_ids)
        first, second = (set(row) - special for row in ids.tolist())
        if not first - second or not second - first:
            raise ValueError(
                "its tokenizer can't distinguish two different sentences; its vocabulary may be "
                "missing"
            )
        if self._text_head()(hidden).shape[2] != dim:
            raise ValueError("words and sentences have different sizes")
        return dim

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
            ValueError: the sentence is empty, or gets numbers that are not finite.
        """
        if not sentence.strip():
            raise ValueError("the sentence is empty: type some words")
        whole, hidden, ids = self._text_batch([sentence])
        special = set(self._tokenizer.all_special_ids)
        real = torch.tensor([token not in special for token in ids[0].tolist()])  # [L]
        with torch.inference_mode():
            tokens = self._text_head()(hidden[0, real.to(hidden.device)])  # [tokens, D]
        rows = np.concatenate([whole, tokens.float().cpu().numpy()])
        if not np.isfinite(rows).all():
            raise ValueError(
                f"model {self.name!r} gives NaN or infinity for {sentence!r}: change the "
                "sentence, or download the model again"
            )
        return rows

    @torch.inference_mode()
    def _image_batch(self, batch: Sequence[Pixels]) -> Float:
        from PIL import Image

        pictures = [Image.fromarray(pixels) for pixels in batch]
        inputs = self._processor(images=pictures, return_tensors="pt").to(self.device)
        output = self._network.get_image_features(**inputs)  # SigLIP 2: sizes and a mask as well
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
        """Returns the last linear layer of the text network."""
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
    with needed('CLIP features need {name}: pip install "prvr-lite[video]"'):
        transformers = import_module("transformers")
        import_module("PIL")
    settings = {"local_files_only": Path(name).is_dir(), "trust_remote_code": False}
    with _one_line(name):
        network, report = transformers.AutoModel.from_pretrained(
            name, output_loading_info=True, **settings
        )
    if not hasattr(network, "get_image_features") or not hasattr(network, "text_model"):
        raise ValueError(
            f"model {name!r} is a {type(network).__name__}, which has no image and sentence "
            f"features in one space: choose a CLIP or SigLIP model, such as {DEFAULT_MODEL}"
        )
    with _one_line(name):
        _check_weights(network, report["missing_keys"], report["unexpected_keys"])
        processor = transformers.AutoImageProcessor.from_pretrained(name, **settings)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **settings)
        _check_merges(tokenizer)
    return network, processor, tokenizer


def _check_weights(network: Any, missing: Iterable[str], unexpected: Iterable[str]) -> None:
    """Refuses weights that are not whole: transformers would draw what is missing at random."""
    towers = ("text_model.", "vision_model.")  # older files also number the positions
    other = [k for k in unexpected if k.startswith(towers) and not k.endswith("position_ids")]
    empty = [k for k, w in network.named_parameters() if w.dim() > 1 and not w.any()]
    faults = {"are missing": list(missing), "do not belong to it": other, "are zero": empty}
    for fault, names in faults.items():
        if names:
            raise ValueError(f"{len(names)} tensors of its weights {fault}, such as {min(names)}")


def _check_merges(tokenizer: Any) -> None:
    """Refuses a CLIP tokenizer that can't make its own words: its file of merges was cut off.

    The vocabulary of these is letters, special tokens, and what the merges make of letters.
    """
    if not type(tokenizer).__name__.startswith("CLIP") or not hasattr(
        tokenizer, "backend_tokenizer"
    ):
        return
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"])
    made = {"".join(pair) for pair in pairs} | set(tokenizer.all_special_tokens)
    words = (word for word in model["vocab"] if len(word.removesuffix("</w>")) > 1)
    if lacking := [word for word in words if word not in made]:
        raise ValueError(
            f"its tokenizer can't make {len(lacking)} words of its own vocabulary, such as "
            f"{lacking[0]!r}: its list of merges was cut off"
        )


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Turns any error into a ValueError of one line: damaged files fail in any way they can."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__
        raise ValueError(
            f"model {name!r} can't be loaded ({reason[:200]}): give the name of a CLIP or SigLIP "
            f"model on the Hugging Face hub, such as {DEFAULT_MODEL}, or the folder of one saved "
            "there; if it is such a folder, copy or download it again"
        ) from error


def _vectors(output: Any) -> Tensor:
    """Returns the features [B, D]: transformers 4 gives the tensor itself, 5 an output with it."""
    tensor: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return tensor
