"""Lesson 11: your own videos, and many of them."""

from prvr_lite.faces import face

face(__name__, __file__)
