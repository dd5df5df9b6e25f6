"""Training a model: the losses, the loop, checkpoints, several processes."""

from prvr_lite.training.checkpoints import load_checkpoint as load_checkpoint
from prvr_lite.training.fit import History as History
from prvr_lite.training.fit import fit as fit
from prvr_lite.training.losses import LossTerms as LossTerms
from prvr_lite.training.losses import MSSLppLoss as MSSLppLoss
from prvr_lite.training.losses import info_nce_loss as info_nce_loss
from prvr_lite.training.losses import sample_negatives as sample_negatives
from prvr_lite.training.losses import triplet_ranking_loss as triplet_ranking_loss
from prvr_lite.training.optimizer import make_optimizer as make_optimizer
from prvr_lite.training.optimizer import make_schedule as make_schedule
from prvr_lite.training.parallel import LostRankError as LostRankError
from prvr_lite.training.presets import from_preset as from_preset
from prvr_lite.training.presets import preset_of as preset_of
from prvr_lite.training.query_diverse import GMMFormerLoss as GMMFormerLoss
from prvr_lite.training.query_diverse import GMMFormerTrainConfig as GMMFormerTrainConfig
from prvr_lite.training.query_diverse import query_diversity as query_diversity
