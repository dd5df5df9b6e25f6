"""Lesson 8: training MS-SL++."""

from prvr_lite.faces import face

face(__name__, __file__)
