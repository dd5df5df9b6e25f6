"""A CLIP of a few thousand weights, drawn at random: for tests and benchmarks without a network.

It has every part of the real one (tokenizer, image processor, both towers), so that the same code
runs on both. It has seen nothing: its scores mean nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch

START: Final = "<|startoftext|>"
END: Final = "<|endoftext|>"
WORDS: Final = 77  # tokens that a sentence may have, as OpenAI's models
PICTURE: Final = 32  # pixels, in patches of 8


def random_openai_clip(
    folder: str | os.PathLike[str],
    *,
    dim: int = 16,
    seed: int = 0,
    vision: Mapping[str, int] | None = None,
) -> Path:
    """Writes a tiny CLIP with random weights, as ``save_pretrained`` would write a trained one.

    Args:
        folder: made if needed; files of the same names are replaced.
        dim: numbers in an image feature and in a sentence feature.
        seed: the same seed gives the same weights.
        vision: sizes of the image tower, by their names in ``CLIPVisionConfig``; None: tiny ones.

    Returns:
        The folder: what ``OpenAIClipEncoder`` and ``extract_features`` take as a model.

    Raises:
        ModuleNotFoundError: transformers is not installed (``pip install "prvr-lite[video]"``).
    """
    transformers = import_module("transformers")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_tokenizer(folder)
    start, end = vocabulary[START], vocabulary[END]
    tower = {"hidden_size": 32, "intermediate_size": 64}
    tower |= {"num_hidden_layers": 2, "num_attention_heads": 4}
    text: dict[str, Any] = {**tower, "vocab_size": len(vocabulary)}
    text |= {"max_position_embeddings": WORDS, "bos_token_id": start}
    text |= {"eos_token_id": end, "pad_token_id": end}
    seen = {**tower, "image_size": PICTURE, "patch_size": 8, **(vision or {})}
    config = transformers.CLIPConfig(text_config=text, vision_config=seen, projection_dim=dim)
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not disturbed
        torch.default_generator.manual_seed(seed)
        transformers.CLIPModel(config).save_pretrained(folder)
    side = seen["image_size"]
    crop = {"height": side, "width": side}
    processor = transformers.CLIPImageProcessor(size={"shortest_edge": side}, crop_size=crop)
    processor.save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path) -> dict[str, int]:
    """Writes the files of a tiny CLIP tokenizer; returns its vocabulary.

    It has a token for each byte, and one for each byte at the end of a word.
    """
    alphabet = sorted(import_module("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    merges = ["t h", "th e</w>"]  # a few, so that words are more than letters
    tokens = [*alphabet, *(f"{letter}</w>" for letter in alphabet)]
    tokens += [merge.replace(" ", "") for merge in merges] + [START, END]
    vocabulary = {token: row for row, token in enumerate(tokens)}
    _write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "CLIPTokenizer", "model_max_length": WORDS, **special},
    )
    return vocabulary


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
