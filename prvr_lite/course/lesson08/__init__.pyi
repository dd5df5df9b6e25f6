"""Lesson 8: training MS-SL++."""

from prvr_lite.course.lesson08.answers import TrainingRun as TrainingRun
from prvr_lite.course.lesson08.live_curves_widget import live_curves as live_curves
from prvr_lite.course.lesson08.model_flow import model_flow as model_flow
