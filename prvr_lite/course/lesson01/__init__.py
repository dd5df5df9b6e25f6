"""Lesson 1: what partially relevant video retrieval is."""

from prvr_lite.faces import face

face(__name__, __file__)
