"""Lesson 11: your own videos, and many of them."""

from prvr_lite.course.lesson11.cell_map import cell_map as cell_map
from prvr_lite.course.lesson11.code_parts import code_parts as code_parts
from prvr_lite.course.lesson11.frame_times import frame_times as frame_times
from prvr_lite.course.lesson11.render_film import render_film as render_film
from prvr_lite.course.lesson11.shard_tables import shard_tables as shard_tables
from prvr_lite.course.lesson11.tiny_openai_clip import random_openai_clip as random_openai_clip
