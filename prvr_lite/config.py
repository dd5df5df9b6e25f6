"""Every number a run depends on, in two frozen dataclasses, and the presets that fill them in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


def check_range(config: object, names: Sequence[str], low: float, high: float = math.inf) -> None:
    """Raise ValueError naming the first of these fields that lies outside low..high."""
    for name in names:
        value = getattr(config, name)
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must lie in {low:g}..{high:g}")


@dataclass(frozen=True)
class ModelConfig:
    """The shape of MS-SL++ (arXiv 2208.12510; defaults as released, method/config.py).

    Args:
        visual_dim: size of a frame feature (TVR 3072, ActivityNet and Charades-STA 1024).
        query_dim: size of a word feature (TVR 768, the others 1024).
        hidden_dim: size H of every encoding; a multiple of ``num_heads``.
        num_heads: attention heads of each encoder.
        num_units: n, the units a video is pooled to; gives n(n+1)/2 clips.
        max_frames: T, the frames that the frame branch sees of a video.
        max_words: L, the words that are read of a query.
        num_clusters: K, the medoid clips kept of a video; ``None`` keeps all clips (that is MS-SL).
        length_aware: whether the clustering also sees the length of each clip.
        dropout: dropout inside the attention blocks.
        input_dropout: dropout on the inputs and after the position embedding.
        alpha: weight of the clip scale in the fused score.

    Raises:
        ValueError: a value that no model can be built from.
    """

    visual_dim: int
    query_dim: int
    hidden_dim: int = 384
    num_heads: int = 4
    num_units: int = 32
    max_frames: int = 128
    max_words: int = 30
    num_clusters: int | None = 32
    length_aware: bool = True
    dropout: float = 0.1
    input_dropout: float = 0.1
    alpha: float = 0.7

    def __post_init__(self) -> None:
        counts = ("visual_dim", "query_dim", "hidden_dim", "num_heads", "num_units", "max_frames")
        check_range(self, (*counts, "max_words"), 1)
        check_range(self, ("dropout", "input_dropout", "alpha"), 0.0, 1.0)
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim={self.hidden_dim} is not a multiple of num_heads={self.num_heads}"
            )
        if self.num_clusters is not None and not 1 <= self.num_clusters <= self.num_clips:
            raise ValueError(
                f"num_clusters={self.num_clusters}: {self.num_units} units make "
                f"{self.num_clips} clips, so it must lie in 1..{self.num_clips}, or be None"
            )

    @property
    def num_clips(self) -> int:
        """N = n(n+1)/2, every window of 1..n units."""
        return self.num_units * (self.num_units + 1) // 2


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained (defaults as released, do_*.sh and method/config.py).

    Args:
        epochs: passes over the training videos.
        batch_videos: videos a batch; all their queries come along.
        learning_rate: peak rate, after the warm-up.
        warmup: part of all steps over which the rate rises; it then falls linearly to 0.
        weight_decay: decoupled decay, not on biases and LayerNorms.
        max_grad_norm: bound on the norm of the whole gradient.
        margin: margin of both triplet losses (TVR 0.1).
        clip_triplet_weight, frame_triplet_weight: weights of the two triplet terms.
        clip_nce_weight, frame_nce_weight: weights of the two infoNCE terms.
        hard_negatives_from: first epoch (from 0) whose negatives are hard instead of random.
        hard_pool: a hard negative is drawn from this many highest-scoring ones.
        same_video_negatives: whether queries of one video are negatives of each other in the
            frame branch, as released; ``False`` leaves them out.
        patience: stop after more than this many epochs without a better validation SumR; ``None``
            never.
        evaluate_from: first epoch after which validation is run (each costs a scoring pass).
        validation_split: the split that chooses the epoch whose weights are kept; a data set that
            has no "val" is trained without. ``None``: never validate, keep the last epoch. "test"
            is very likely what the released runs did, and optimistic.
        seed: of order, dropout and negatives (weights: ``build_model(seed=...)``).
        device: "auto" (cuda, else cpu), or any torch device; Apple's "mps" only on request.
        precision: "auto" (bf16 autocast where the GPU has it), "float32" or "bfloat16".

    Raises:
        ValueError: a value that no training can be run with.
    """

    epochs: int = 100
    batch_videos: int = 128
    learning_rate: float = 2.5e-4
    warmup: float = 0.01
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    margin: float = 0.2
    clip_triplet_weight: float = 1.0
    frame_triplet_weight: float = 1.0
    clip_nce_weight: float = 0.02
    frame_nce_weight: float = 0.03
    hard_negatives_from: int = 20
    hard_pool: int = 20
    same_video_negatives: bool = True
    patience: int | None = 20
    evaluate_from: int = 0
    validation_split: str | None = "val"
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"

    def __post_init__(self) -> None:
        check_range(self, ("epochs", "batch_videos", "hard_pool"), 1)
        check_range(self, ("learning_rate", "weight_decay", "max_grad_norm", "margin"), 0.0)
        check_range(self, ("warmup",), 0.0, 1.0)

    @property
    def identity(self) -> dict[str, Any]:
        """The fields that make a run this one, whatever the device.

        A field that came later counts where it is not its default: files of earlier runs still fit.
        """
        fields = asdict(self)
        del fields["device"]
        if self.validation_split == "val":
            del fields["validation_split"]
        return fields


@dataclass(frozen=True)
class Preset:
    """Hyper-parameters for one data set; the feature sizes come from its file."""

    model: dict[str, Any]
    training: TrainConfig

    def model_config(self, visual_dim: int, query_dim: int, **changes: Any) -> ModelConfig:
        """The model's config for features of these sizes, with changes to its other fields."""
        return ModelConfig(visual_dim=visual_dim, query_dim=query_dim, **{**self.model, **changes})

    def train_config(self, *, epochs: int | None = None, **changes: Any) -> TrainConfig:
        """The training's config, with changes to its fields; ``epochs=None`` keeps the preset's.

        Raises:
            ValueError: a field that does not exist, or a value that no training can be run with.
        """
        known = vars(self.training)
        unknown = [name for name in changes if name not in known]
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: can't be changed; choose from {', '.join(known)}"
            )
        if epochs is not None:
            changes["epochs"] = epochs
        return replace(self.training, **changes)


# The sample's make a minute on two CPU cores; the learning rate was chosen on its val split.
# The last three as released (do_tvr.sh, do_activitynet.sh, do_charades.sh; method/config.py).
PRESETS = {
    "sample": Preset(
        {"hidden_dim": 192, "max_frames": 64},
        TrainConfig(
            epochs=24,
            batch_videos=16,
            learning_rate=2e-3,
            warmup=0.05,
            hard_negatives_from=7,
            patience=None,
        ),
    ),
    "tvr": Preset({}, TrainConfig(margin=0.1)),
    "activitynet": Preset({}, TrainConfig()),
    "charades": Preset({}, TrainConfig()),
}
