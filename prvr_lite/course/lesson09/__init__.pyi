"""Lesson 9: search and similarity maps."""

from prvr_lite.course.lesson09.lead_plane import lead_plane as lead_plane
from prvr_lite.course.lesson09.search_widget import search_explorer as search_explorer
