"""Lesson 4: multi-scale clips."""

from prvr_lite.course.lesson04.clip_triangle_widget import clip_triangle as clip_triangle
from prvr_lite.course.lesson04.running_total import running_total as running_total
