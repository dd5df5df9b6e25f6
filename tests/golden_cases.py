"""The numbers recorded from the authors' released code, and the models that must give them."""

from __future__ import annotations

from pathlib import Path

import h5py
import torch

from prvr_lite.config import ModelConfig
from prvr_lite.data.batches import Batch
from prvr_lite.model.clips import clip_windows
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.paper.checkpoint import load_authors_state_dict

CASES = sorted((Path(__file__).parent / "golden").glob("*.h5"))


class Golden:
    """One recorded case: its inputs, the model with its weights, and what came out."""

    def __init__(self, path: Path) -> None:
        with h5py.File(path) as file:
            self.attrs = dict(file.attrs)
            self.state = {k: torch.tensor(v[()]) for k, v in file["state_dict"].items()}
            inputs = file["inputs"]
            self.raw = [inputs["raw_video_features"][str(i)][()] for i in range(5)]
            self.inputs = {
                k: torch.tensor(v[()]) for k, v in inputs.items() if k != "raw_video_features"
            }
            self.out = {k: torch.tensor(v[()]) for k, v in file["inference"].items()}
            self.loss = {k: float(v) for k, v in file["training"].attrs.items()}
            self.grad = {k: torch.tensor(v[()]) for k, v in file["training/grad"].items()}

    def model(self) -> MSSLpp:
        a = self.attrs
        config = ModelConfig(
            visual_dim=int(a["visual_input_size"]),
            query_dim=int(a["query_input_size"]),
            hidden_dim=int(a["hidden_size"]),
            num_heads=int(a["n_heads"]),
            num_units=int(a["map_size"]),
            max_frames=int(a["max_ctx_l"]),
            max_words=int(a["max_desc_l"]),
            num_clusters=int(a["cluster_num"]) if a["cluster"] else None,
            length_aware=bool(a["length_pos"]),
            dropout=float(a["drop"]),
            input_dropout=float(a["input_drop"]),
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


def close(ours: torch.Tensor, theirs: torch.Tensor, atol: float = 1e-5) -> None:
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=0)
