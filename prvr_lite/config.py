"""The settings of a run, in two frozen dataclasses, and the presets for data sets.

A run is one model trained once on one data set. `ModelConfig` says how large the model is,
`TrainConfig` how it is trained. A preset, such as "tvr" or "sample", fills in both; what it leaves
out has the value of the authors' released code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from typing import Any

MAX_SEED = 2**32 - 1  # what NumPy's and torch's generators both take


def check_range(config: object, names: Sequence[str], low: float, high: float = math.inf) -> None:
    """Raises a ValueError that names the first of these fields with a value outside low..high.

    Infinity is outside. Where ``low`` is an int, the value must be a whole number.
    """
    whole = ", a whole number" * isinstance(low, int)
    kind: Any = Integral if whole else Real
    for name in names:
        value: Any = getattr(config, name)
        if not isinstance(value, kind) or not low <= value <= high or value == math.inf:
            raise ValueError(f"{name}={value!r} must lie in {low:g}..{high:g}{whole}")


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of an MS-SL++ model (arXiv 2208.12510; defaults as released, method/config.py).

    Args:
        visual_dim: size of a frame feature (TVR 3072, ActivityNet and Charades-STA 1024).
        query_dim: size of a word feature (TVR 768, the others 1024).
        hidden_dim: size H of every encoding; a multiple of ``num_heads``.
        num_heads: attention heads of each encoder.
        num_units: n, the number of units that a video is pooled to; they make n(n+1)/2 clips.
        max_frames: T, the largest number of frames of a video that the frame branch sees.
        max_words: L, the largest number of words of a query that are read.
        num_clusters: K, the number of medoid clips kept per video; ``None`` keeps all (that is
            MS-SL).
        length_aware: whether the clustering also sees the length of each clip.
        dropout: dropout inside the attention blocks.
        input_dropout: dropout on the inputs and after the position embedding.
        alpha: weight of the clip scale in the fused score.

    Raises:
        ValueError: a model can't be built with one of the values.
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
        if self.num_clusters is not None:  # the medoids of the clips that the units make
            check_range(self, ("num_clusters",), 1, self.num_clips)

    @property
    def num_clips(self) -> int:
        """N = n(n+1)/2, the number of clips: every window of 1..n consecutive units."""
        return self.num_units * (self.num_units + 1) // 2


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training (defaults as released, do_*.sh and method/config.py).

    Args:
        epochs: passes over the training videos.
        batch_videos: videos per batch; all queries of these videos are in the batch too.
        learning_rate: peak rate, after the warm-up.
        warmup: fraction of all steps in which the rate rises; afterwards it falls linearly to 0.
        weight_decay: decoupled weight decay; biases and LayerNorms have none.
        max_grad_norm: the gradient as a whole is scaled down to this norm where it is longer.
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
            has no "val" is trained without validation. ``None``: never validate, keep the last
            epoch. "test" is very likely what the released runs used; its results are optimistic.
        seed: of the order of videos, of dropout and of the negatives (the first weights have
            their own: ``build_model(seed=...)``).
        device: "auto" (cuda, else cpu), or any torch device; Apple's "mps" only by its name.
        precision: "auto" (bf16 autocast where the GPU has it), "float32" or "bfloat16".

    Raises:
        ValueError: a training can't be run with one of the values.
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
        patience = () if self.patience is None else ("patience",)
        check_range(self, ("hard_negatives_from", "evaluate_from", *patience), 0)
        check_range(self, ("seed",), 0, MAX_SEED)
        weights = [name for name in vars(self) if name.endswith("_weight")]
        check_range(self, ("learning_rate", "weight_decay", "max_grad_norm", "margin"), 0.0)
        check_range(self, weights, 0.0)
        check_range(self, ("warmup",), 0.0, 1.0)

    @property
    def run_fields(self) -> dict[str, Any]:
        """The fields that must be equal in two trainings of the same run; the device is not one.

        A field that newer versions added is listed only where it differs from its default, so that
        checkpoints of older versions still fit.
        """
        fields = asdict(self)
        del fields["device"]
        if self.validation_split == "val":
            del fields["validation_split"]
        return fields


@dataclass(frozen=True)
class Preset:
    """The settings for one data set; the sizes of features come from its file."""

    model: dict[str, Any]
    training: TrainConfig

    def model_config(self, visual_dim: int, query_dim: int, **changes: Any) -> ModelConfig:
        """Returns the ModelConfig for features of these sizes; ``changes`` replace other fields."""
        return ModelConfig(visual_dim=visual_dim, query_dim=query_dim, **{**self.model, **changes})

    def train_config(self, *, epochs: int | None = None, **changes: Any) -> TrainConfig:
        """Returns the TrainConfig; ``changes`` replace its fields (``epochs=None``: no change).

        Raises:
            ValueError: a field does not exist, or a training can't be run with its value.
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
