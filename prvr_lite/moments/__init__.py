"""From videos to moments: where in a video, or in a whole collection, a query's answer lies."""

from __future__ import annotations

from prvr_lite.moments.clip_seconds import clip_seconds
from prvr_lite.moments.corpus import MomentIndex, MomentRanking, choose_weight, search_moments
from prvr_lite.moments.encoding import ClipEncoding, EncodedSplit, encode_split
from prvr_lite.moments.moment_metrics import svmr_metrics, temporal_iou, vcmr_metrics
from prvr_lite.moments.predict import (
    METHODS,
    SCORERS,
    non_maximum_suppression,
    predict_moments,
    rank_moments,
)
from prvr_lite.moments.span_head import SpanHead, SpanHeadConfig, fit_span_head

__all__ = [
    "METHODS",
    "SCORERS",
    "ClipEncoding",
    "EncodedSplit",
    "MomentIndex",
    "MomentRanking",
    "SpanHead",
    "SpanHeadConfig",
    "choose_weight",
    "clip_seconds",
    "encode_split",
    "fit_span_head",
    "non_maximum_suppression",
    "predict_moments",
    "rank_moments",
    "search_moments",
    "svmr_metrics",
    "temporal_iou",
    "vcmr_metrics",
]
