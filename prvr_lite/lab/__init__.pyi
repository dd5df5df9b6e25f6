"""What is measured: experiments, claims, tables and figures; the explorer and the demo."""

from prvr_lite.lab.command import list_experiments as list_experiments
from prvr_lite.lab.command import run_experiments as run_experiments
from prvr_lite.lab.explorer import Explorer as Explorer
from prvr_lite.lab.figures import medoids as medoids
from prvr_lite.lab.intervals import is_level as is_level
from prvr_lite.lab.intervals import mean_interval as mean_interval
from prvr_lite.lab.intervals import student_t as student_t
from prvr_lite.lab.intervals import with_intervals as with_intervals
from prvr_lite.lab.results import Results as Results
from prvr_lite.lab.results import ablation_groups as ablation_groups
from prvr_lite.lab.results import group as group
from prvr_lite.lab.results import label as label
from prvr_lite.lab.results import spread_text as spread_text
from prvr_lite.lab.rows import EXPERIMENTS as EXPERIMENTS
from prvr_lite.lab.rows import MOMENTS as MOMENTS
from prvr_lite.lab.rows import Experiment as Experiment
from prvr_lite.lab.runs import Setting as Setting
from prvr_lite.lab.vocabulary import Vocabulary as Vocabulary
from prvr_lite.lab.vocabulary import words_of as words_of
