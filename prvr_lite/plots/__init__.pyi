"""The plotting room: pictures of what MS-SL++ sees, ranks, learns and costs.

Every function takes plain numbers (lists, NumPy arrays, torch tensors) and returns a matplotlib
`Figure` that carries its own alt text; nothing is shown, and pyplot is not involved. Videos are
shown on a dark page, numbers on a light one.
"""

from prvr_lite.plots.accuracy_frontier import accuracy_frontier as accuracy_frontier
from prvr_lite.plots.alpha_sweep import alpha_sweep as alpha_sweep
from prvr_lite.plots.bars import ratio_bars as ratio_bars
from prvr_lite.plots.bars import recall_bars as recall_bars
from prvr_lite.plots.canvas import Picture as Picture
from prvr_lite.plots.canvas import alt_text as alt_text
from prvr_lite.plots.canvas import save_figure as save_figure
from prvr_lite.plots.film_strip import film_strip as film_strip
from prvr_lite.plots.gap_chart import gap_chart as gap_chart
from prvr_lite.plots.growth_curves import growth_curves as growth_curves
from prvr_lite.plots.model_cost import ModelCost as ModelCost
from prvr_lite.plots.ranked_gallery import RankedVideo as RankedVideo
from prvr_lite.plots.ranked_gallery import ranked_gallery as ranked_gallery
from prvr_lite.plots.similarity_map import similarity_map as similarity_map
from prvr_lite.plots.spread_curves import spread_curves as spread_curves
from prvr_lite.plots.strip import timed_thumbnails as timed_thumbnails
from prvr_lite.plots.training_curves import training_curves as training_curves
