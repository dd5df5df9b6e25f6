"""Lesson 7: the dual losses."""

from prvr_lite.faces import face

face(__name__, __file__)
