"""Lesson 2: from pixels and words to features."""

from prvr_lite.course.lesson02.film_numbers import film_numbers as film_numbers
from prvr_lite.course.lesson02.pooling_widget import pooling_slider as pooling_slider
from prvr_lite.course.lesson02.pooling_widget import pooling_windows as pooling_windows
