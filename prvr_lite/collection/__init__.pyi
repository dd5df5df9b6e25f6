"""A collection of videos that is kept on disk, changed, and searched at any size."""

from prvr_lite.collection.video_index import VideoIndex as VideoIndex
