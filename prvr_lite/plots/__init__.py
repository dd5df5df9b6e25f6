"""The plotting room: pictures of what MS-SL++ sees, ranks, learns and costs.

Every function takes plain numbers (lists, NumPy arrays, torch tensors) and returns a matplotlib
`Figure` that carries its own alt text; nothing is shown, and pyplot is not involved. Videos are
shown on a dark page, numbers on a light one.
"""

from __future__ import annotations

from prvr_lite.plots.accuracy_frontier import accuracy_frontier
from prvr_lite.plots.alpha_sweep import alpha_sweep
from prvr_lite.plots.bars import ratio_bars, recall_bars
from prvr_lite.plots.canvas import Picture, alt_text, save_figure
from prvr_lite.plots.gap_chart import gap_chart
from prvr_lite.plots.growth_curves import growth_curves
from prvr_lite.plots.model_cost import ModelCost
from prvr_lite.plots.ranked_gallery import RankedVideo, ranked_gallery
from prvr_lite.plots.similarity_map import similarity_map
from prvr_lite.plots.spread_curves import spread_curves
from prvr_lite.plots.strip import timed_thumbnails
from prvr_lite.plots.training_curves import training_curves

__all__ = [
    "ModelCost",
    "Picture",
    "RankedVideo",
    "accuracy_frontier",
    "alpha_sweep",
    "alt_text",
    "gap_chart",
    "growth_curves",
    "ranked_gallery",
    "ratio_bars",
    "recall_bars",
    "save_figure",
    "similarity_map",
    "spread_curves",
    "timed_thumbnails",
    "training_curves",
]
