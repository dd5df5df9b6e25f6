"""Lesson 12: the paper's data sets."""

from prvr_lite.course.lesson12.agreement import agreement as agreement
from prvr_lite.course.lesson12.by_source import Told as Told
from prvr_lite.course.lesson12.by_source import by_source as by_source
from prvr_lite.course.lesson12.byte_layout import byte_layout as byte_layout
from prvr_lite.course.lesson12.pickles import pickle_that_calls as pickle_that_calls
from prvr_lite.course.lesson12.stacked_rows import stacked_rows as stacked_rows
from prvr_lite.course.lesson12.table_of import table_of as table_of
from prvr_lite.course.lesson12.toy_release import write_release as write_release
