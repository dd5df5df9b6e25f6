"""prvr_lite: learn, teach and use Partially Relevant Video Retrieval."""

from prvr_lite.config import PRESETS as PRESETS
from prvr_lite.config import ModelConfig as ModelConfig
from prvr_lite.config import TrainConfig as TrainConfig
from prvr_lite.data.columns import FeatureFileError as FeatureFileError
from prvr_lite.data.columns import FeatureTable as FeatureTable
from prvr_lite.data.dataset import Dataset as Dataset
from prvr_lite.data.dataset import open_features as open_features
from prvr_lite.data.sample import load_sample as load_sample
from prvr_lite.data.table import write_features as write_features
from prvr_lite.files import FileFormatError as FileFormatError
from prvr_lite.model.clips import clip_spans as clip_spans
from prvr_lite.model.clips import length_code as length_code
from prvr_lite.model.clips import multi_scale_clips as multi_scale_clips
from prvr_lite.model.clustering import cluster_clips as cluster_clips
from prvr_lite.model.clustering import kmedoids as kmedoids
from prvr_lite.model.key_clip import key_clip_guided_attention as key_clip_guided_attention
from prvr_lite.model.msslpp import MSSLpp as MSSLpp
from prvr_lite.model.records import Similarity as Similarity
from prvr_lite.model.records import VideoEncoding as VideoEncoding
from prvr_lite.model.registry import build_model as build_model
from prvr_lite.paper.checkpoint import load_authors_checkpoint as load_authors_checkpoint
from prvr_lite.paper.checkpoint import load_authors_state_dict as load_authors_state_dict
from prvr_lite.paper.convert import convert_release as convert_release
from prvr_lite.search.evaluation import Evaluation as Evaluation
from prvr_lite.search.evaluation import evaluate as evaluate
from prvr_lite.search.metrics import retrieval_metrics as retrieval_metrics
from prvr_lite.search.ranking import Hit as Hit
from prvr_lite.search.video_index import VideoIndex as VideoIndex
from prvr_lite.training.checkpoints import load_checkpoint as load_checkpoint
from prvr_lite.training.fit import History as History
from prvr_lite.training.fit import fit as fit
from prvr_lite.training.losses import LossTerms as LossTerms
from prvr_lite.training.losses import MSSLppLoss as MSSLppLoss
from prvr_lite.training.losses import info_nce_loss as info_nce_loss
from prvr_lite.training.losses import triplet_ranking_loss as triplet_ranking_loss

__version__: str
