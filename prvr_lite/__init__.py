"""prvr_lite: learn, teach and use Partially Relevant Video Retrieval."""

from __future__ import annotations

from prvr_lite.collection.video_index import Hit, VideoIndex
from prvr_lite.config import PRESETS, ModelConfig, TrainConfig
from prvr_lite.data.dataset import (
    Dataset,
    FeatureFileError,
    FeatureTable,
    open_features,
    write_features,
)
from prvr_lite.data.sample import load_sample
from prvr_lite.files import FileFormatError
from prvr_lite.model.clips import clip_spans, length_code, multi_scale_clips
from prvr_lite.model.clustering import cluster_clips, kmedoids
from prvr_lite.model.key_clip import key_clip_guided_attention
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import Similarity, VideoEncoding
from prvr_lite.model.registry import build_model
from prvr_lite.paper.checkpoint import load_authors_checkpoint, load_authors_state_dict
from prvr_lite.paper.convert import convert_release
from prvr_lite.search.evaluation import Evaluation, evaluate
from prvr_lite.search.metrics import retrieval_metrics
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.fit import History, fit
from prvr_lite.training.losses import LossTerms, MSSLppLoss, info_nce_loss, triplet_ranking_loss

__version__ = "0.1.0"

__all__ = [
    "PRESETS",
    "Dataset",
    "Evaluation",
    "FeatureFileError",
    "FeatureTable",
    "FileFormatError",
    "History",
    "Hit",
    "LossTerms",
    "MSSLpp",
    "MSSLppLoss",
    "ModelConfig",
    "Similarity",
    "TrainConfig",
    "VideoEncoding",
    "VideoIndex",
    "build_model",
    "clip_spans",
    "cluster_clips",
    "convert_release",
    "evaluate",
    "fit",
    "info_nce_loss",
    "key_clip_guided_attention",
    "kmedoids",
    "length_code",
    "load_authors_checkpoint",
    "load_authors_state_dict",
    "load_checkpoint",
    "load_sample",
    "multi_scale_clips",
    "open_features",
    "retrieval_metrics",
    "triplet_ranking_loss",
    "write_features",
]
