"""How well a query finds its video: vectors, ranking, metrics, typed sentences."""

from prvr_lite.search.evaluation import Evaluation as Evaluation
from prvr_lite.search.evaluation import evaluate as evaluate
from prvr_lite.search.evaluation import relevant_matrix as relevant_matrix
from prvr_lite.search.evaluation import two_step as two_step
from prvr_lite.search.metrics import by_group as by_group
from prvr_lite.search.metrics import mean_average_precision as mean_average_precision
from prvr_lite.search.metrics import moment_to_video_ratio as moment_to_video_ratio
from prvr_lite.search.metrics import paired_interval as paired_interval
from prvr_lite.search.metrics import rank_of_first_relevant as rank_of_first_relevant
from prvr_lite.search.metrics import ratio_bin as ratio_bin
from prvr_lite.search.metrics import retrieval_metrics as retrieval_metrics
from prvr_lite.search.ranking import Hit as Hit
from prvr_lite.search.ranking import Ranking as Ranking
from prvr_lite.search.searcher import Searcher as Searcher
from prvr_lite.search.sentences import OpenAIClipText as OpenAIClipText
from prvr_lite.search.sentences import TextEncoder as TextEncoder
from prvr_lite.search.sentences import text_encoder as text_encoder
from prvr_lite.search.vectors import VideoRows as VideoRows
from prvr_lite.search.video_index import VideoIndex as VideoIndex
from prvr_lite.search.video_index import encoding_rows as encoding_rows
