"""Lesson 1: what partially relevant video retrieval is."""

from prvr_lite.course.lesson01.answers import top_k_score as top_k_score
from prvr_lite.course.lesson01.bag_diagram import bag_diagram as bag_diagram
from prvr_lite.course.lesson01.bags_widget import Bag as Bag
from prvr_lite.course.lesson01.bags_widget import bag_explorer as bag_explorer
from prvr_lite.course.lesson01.bags_widget import bag_score as bag_score
from prvr_lite.course.lesson01.moment_appears import moment_appears as moment_appears
from prvr_lite.course.lesson01.ratio_histogram import ratio_histogram as ratio_histogram
