"""The course: what lessons show, ask and check; a folder for each lesson."""

from prvr_lite.course.grading.session import CheckFailed as CheckFailed
from prvr_lite.course.grading.session import check as check
from prvr_lite.course.grading.session import hint as hint
from prvr_lite.course.grading.session import progress as progress
from prvr_lite.course.kit import epoch_line as epoch_line
from prvr_lite.course.kit import film as film
from prvr_lite.course.kit import gallery as gallery
from prvr_lite.course.kit import start as start
from prvr_lite.course.kit import table as table
from prvr_lite.course.kit import trained as trained
from prvr_lite.course.pictures.heat_maps import heat_maps as heat_maps
from prvr_lite.course.pictures.score_triangles import score_triangles as score_triangles
from prvr_lite.course.pictures.seed_band import run_band as run_band
from prvr_lite.course.pictures.seed_band import seed_band as seed_band
from prvr_lite.course.pictures.triangles import numbered_clips as numbered_clips
from prvr_lite.course.player import play as play
