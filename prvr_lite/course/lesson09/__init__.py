"""Lesson 9: search and similarity maps."""

from prvr_lite.faces import face

face(__name__, __file__)
