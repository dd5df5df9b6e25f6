"""From video files to a feature file, and a search that needs no training."""

from prvr_lite.videos.extract import ExtractionReport as ExtractionReport
from prvr_lite.videos.extract import extract_features as extract_features
from prvr_lite.videos.frames import VideoError as VideoError
from prvr_lite.videos.frames import VideoInfo as VideoInfo
from prvr_lite.videos.frames import VideoWarning as VideoWarning
from prvr_lite.videos.frames import probe_video as probe_video
from prvr_lite.videos.frames import read_frames as read_frames
from prvr_lite.videos.zero_shot import ZeroShotSearch as ZeroShotSearch
