"""Lesson 4: multi-scale clips."""

from prvr_lite.faces import face

face(__name__, __file__)
