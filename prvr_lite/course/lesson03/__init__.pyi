"""Lesson 3: the encoders."""

from prvr_lite.course.lesson03.attention_widget import attention_lines as attention_lines
from prvr_lite.course.lesson03.attention_widget import attention_slider as attention_slider
