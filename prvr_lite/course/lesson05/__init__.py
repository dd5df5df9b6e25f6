"""Lesson 5: length-aware clip clustering."""

from prvr_lite.faces import face

face(__name__, __file__)
