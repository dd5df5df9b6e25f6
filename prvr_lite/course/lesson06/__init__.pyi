"""Lesson 6: key clip guided attention."""

from prvr_lite.course.lesson06.key_clip_widget import attention_table as attention_table
from prvr_lite.course.lesson06.key_clip_widget import clip_guide as clip_guide
from prvr_lite.course.lesson06.key_clip_widget import guided_attention as guided_attention
