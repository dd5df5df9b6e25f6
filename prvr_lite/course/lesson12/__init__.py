"""Lesson 12: the paper's data sets."""

from prvr_lite.faces import face

face(__name__, __file__)
