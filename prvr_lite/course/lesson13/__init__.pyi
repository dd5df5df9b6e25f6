"""Lesson 13: after MS-SL++, Gaussian windows in place of listed clips (GMMFormer)."""

from prvr_lite.course.lesson13.implicit_clip import implicit_clip as implicit_clip
from prvr_lite.course.lesson13.width_maps import width_maps as width_maps
