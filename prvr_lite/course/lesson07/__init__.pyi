"""Lesson 7: the dual losses."""

from prvr_lite.course.lesson07.losses_widget import loss_columns as loss_columns
from prvr_lite.course.lesson07.losses_widget import loss_explorer as loss_explorer
from prvr_lite.course.lesson07.pair_maps import pair_maps as pair_maps
