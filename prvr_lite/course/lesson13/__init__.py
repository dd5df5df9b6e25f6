"""Lesson 13: after MS-SL++, Gaussian windows in place of listed clips (GMMFormer)."""

from prvr_lite.faces import face

face(__name__, __file__)
