"""Lesson 3: the encoders."""

from prvr_lite.faces import face

face(__name__, __file__)
