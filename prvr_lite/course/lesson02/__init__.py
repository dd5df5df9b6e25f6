"""Lesson 2: from pixels and words to features."""

from prvr_lite.faces import face

face(__name__, __file__)
