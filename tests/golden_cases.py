"""The numbers recorded from the authors' released codes, and the models that must give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import torch

from prvr_lite.config import ModelConfig
from prvr_lite.data.batches import Batch
from prvr_lite.model.clips import clip_windows
from prvr_lite.model.gmmformer import GMMFormer, GMMFormerBatchWindows
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.paper.checkpoint import load_authors_state_dict
from prvr_lite.training.query_diverse import GMMFormerTrainConfig

FOLDER = Path(__file__).parent / "golden"
CASES = sorted(FOLDER.glob("*.h5"))  # of MS-SL++ and MS-SL
GMMFORMER_CASES = sorted((FOLDER / "gmmformer").glob("*.h5"))


def _tensors(group: h5py.Group) -> dict[str, torch.Tensor]:
    """The data sets in a group, not those in groups below it."""
    return {k: torch.tensor(v[()]) for k, v in group.items() if isinstance(v, h5py.Dataset)}


class Golden:
    """One recorded case: its inputs, the model with its weights, and what came out."""

    def __init__(self, path: Path) -> None:
        with h5py.File(path) as file:
            self.attrs = dict(file.attrs)
            self.state = {k: torch.tensor(v[()]) for k, v in file["state_dict"].items()}
            inputs = file["inputs"]
            raw = inputs["raw_video_features"]
            self.raw = [raw[str(i)][()] for i in range(len(raw))]
            self.inputs = {
                k: torch.tensor(v[()]) for k, v in inputs.items() if k != "raw_video_features"
            }
            self.out = _tensors(file["inference"])
            self.loss = {k: float(v) for k, v in file["training"].attrs.items()}
            self.grad = _tensors(file["training/grad"])

    def config(self, **choices: Any) -> ModelConfig:
        """What both methods' recordings name alike, and the choices of one of them."""
        a = self.attrs
        sizes = {
            "visual_dim": "visual_input_size",
            "query_dim": "query_input_size",
            "hidden_dim": "hidden_size",
            "num_heads": "n_heads",
            "num_units": "map_size",
            "max_frames": "max_ctx_l",
            "max_words": "max_desc_l",
        }
        drops = {"dropout": float(a["drop"]), "input_dropout": float(a["input_drop"])}
        return ModelConfig(**{k: int(a[name]) for k, name in sizes.items()}, **drops, **choices)

    def model(self) -> MSSLpp:
        a = self.attrs
        config = self.config(
            num_clusters=int(a["cluster_num"]) if a["cluster"] else None,
            length_aware=bool(a["length_pos"]),
        )
        model = load_authors_state_dict(MSSLpp(config), self.state)
        if config.num_clusters and not config.length_aware:
            # Without a length code the released clustering settles its many ties by the last bit
            # of the encodings; all that comes after it is held against the recorded medoids.
            def recorded(units: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                index = self.out["medoid_index"]
                return clip_windows(config.num_units).to(units)[index] @ units, index

            model.select_clips = recorded  # type: ignore[method-assign]
        return model

    def batch(self) -> Batch:
        i = self.inputs
        return Batch(
            i["clip_input"],
            i["frame_input"],
            i["frame_mask"].bool(),
            i["word_input"],
            i["word_mask"].bool(),
            i["query_video"],
        )


class GMMFormerGolden(Golden):
    """One recorded case of GMMFormer."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with h5py.File(path) as file:
            self.steps = _tensors(file["inference/steps"])
            self.attention = _tensors(file["inference/attention_of_video_0"])
            self.in_batches_of_2 = _tensors(file["inference_in_batches_of_2"])
            self.parts = _tensors(file["training/parts"])
            self.scores = _tensors(file["training/scores"])
            self.windows = {
                (int(length.split("_")[1]), float(width.split("_")[1])): torch.tensor(window[()])
                for length, group in file["gaussian"].items()
                for width, window in group.items()
            }

    def model(self, kind: type[GMMFormer] = GMMFormerBatchWindows) -> GMMFormer:  # type: ignore[override]
        a = self.attrs
        config = self.config(
            num_clusters=None,
            alpha=float(a["clip_scale_w"]),
        )
        return load_authors_state_dict(kind(config), self.state)

    def training(self) -> GMMFormerTrainConfig:
        a = self.attrs
        return GMMFormerTrainConfig(
            margin=float(a["margin"]),
            hard_pool=int(a["hard_pool_size"]),
            clip_nce_weight=float(a["loss_factor"][0]),
            frame_nce_weight=float(a["loss_factor"][1]),
            diverse_weight=float(a["loss_factor"][2]),
            diverse_margin=float(a["neg_factor"][0]),
            diverse_scale=float(a["neg_factor"][1]),
        )


def close(ours: torch.Tensor, theirs: torch.Tensor, atol: float = 1e-5) -> None:
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=0)
