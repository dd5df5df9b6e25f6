"""A collection of videos that grows, shrinks and is searched: a database on disk or beyond."""

from prvr_lite.collection.database import CollectionError as CollectionError
from prvr_lite.collection.video_collection import VideoCollection as VideoCollection
