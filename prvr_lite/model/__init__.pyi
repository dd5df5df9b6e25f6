"""MS-SL++ and the models it is compared with; nothing here knows a file or a screen."""

from prvr_lite.model.clips import clip_spans as clip_spans
from prvr_lite.model.clips import clip_windows as clip_windows
from prvr_lite.model.clips import length_code as length_code
from prvr_lite.model.clips import multi_scale_clips as multi_scale_clips
from prvr_lite.model.clustering import cluster_clips as cluster_clips
from prvr_lite.model.clustering import kmedoids as kmedoids
from prvr_lite.model.encoders import QueryEncoder as QueryEncoder
from prvr_lite.model.encoders import SelfAttention as SelfAttention
from prvr_lite.model.encoders import SequenceEncoder as SequenceEncoder
from prvr_lite.model.encoders import attention_pool as attention_pool
from prvr_lite.model.key_clip import clip_similarity as clip_similarity
from prvr_lite.model.key_clip import dual_similarity as dual_similarity
from prvr_lite.model.key_clip import frame_attention as frame_attention
from prvr_lite.model.key_clip import key_clip_guided_attention as key_clip_guided_attention
from prvr_lite.model.key_clip import unit_length as unit_length
from prvr_lite.model.msslpp import MSSLpp as MSSLpp
from prvr_lite.model.records import Similarity as Similarity
from prvr_lite.model.records import VideoEncoding as VideoEncoding
from prvr_lite.model.registry import MODELS as MODELS
from prvr_lite.model.registry import build_model as build_model
from prvr_lite.model.registry import model_name as model_name
from prvr_lite.model.retrieval_model import RetrievalModel as RetrievalModel
from prvr_lite.model.retrieval_model import TrainingScores as TrainingScores
