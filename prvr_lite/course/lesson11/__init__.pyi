"""Lesson 11: your own videos, and many of them."""

from prvr_lite.course.lesson11.bridge import Bridge as Bridge
from prvr_lite.course.lesson11.bridge import BridgeEncoder as BridgeEncoder
from prvr_lite.course.lesson11.bridge import Pairs as Pairs
from prvr_lite.course.lesson11.bridge import write_bridged as write_bridged
from prvr_lite.course.lesson11.cell_map import cell_map as cell_map
from prvr_lite.course.lesson11.code_parts import code_parts as code_parts
from prvr_lite.course.lesson11.folder_of_films import frames_inside as frames_inside
from prvr_lite.course.lesson11.folder_of_films import sample_folder as sample_folder
from prvr_lite.course.lesson11.folder_of_films import show_hits as show_hits
from prvr_lite.course.lesson11.found_film import found_film as found_film
from prvr_lite.course.lesson11.frame_times import frame_times as frame_times
from prvr_lite.course.lesson11.many_clips import film_copies as film_copies
from prvr_lite.course.lesson11.many_clips import k_means as k_means
from prvr_lite.course.lesson11.many_clips import milliseconds as milliseconds
from prvr_lite.course.lesson11.recall_curves import recall_curves as recall_curves
from prvr_lite.course.lesson11.render_film import render_film as render_film
from prvr_lite.course.lesson11.side_by_side import side_by_side as side_by_side
