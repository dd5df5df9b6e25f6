"""From videos to moments: where in a video, or in a whole collection, a query's answer lies."""

from prvr_lite.moments.clip_seconds import clip_seconds as clip_seconds
from prvr_lite.moments.corpus import MomentIndex as MomentIndex
from prvr_lite.moments.corpus import MomentRanking as MomentRanking
from prvr_lite.moments.corpus import choose_weight as choose_weight
from prvr_lite.moments.corpus import search_moments as search_moments
from prvr_lite.moments.encoding import ClipEncoding as ClipEncoding
from prvr_lite.moments.encoding import EncodedSplit as EncodedSplit
from prvr_lite.moments.encoding import encode_split as encode_split
from prvr_lite.moments.encoding import peak_runs as peak_runs
from prvr_lite.moments.moment_metrics import svmr_metrics as svmr_metrics
from prvr_lite.moments.moment_metrics import temporal_iou as temporal_iou
from prvr_lite.moments.moment_metrics import vcmr_metrics as vcmr_metrics
from prvr_lite.moments.predict import METHODS as METHODS
from prvr_lite.moments.predict import SCORERS as SCORERS
from prvr_lite.moments.predict import clip_overlap as clip_overlap
from prvr_lite.moments.predict import non_maximum_suppression as non_maximum_suppression
from prvr_lite.moments.predict import predict_moments as predict_moments
from prvr_lite.moments.predict import rank_moments as rank_moments
from prvr_lite.moments.span_head import SpanHead as SpanHead
from prvr_lite.moments.span_head import SpanHeadConfig as SpanHeadConfig
from prvr_lite.moments.span_head import fit_span_head as fit_span_head
