"""Lesson 6: key clip guided attention."""

from prvr_lite.faces import face

face(__name__, __file__)
