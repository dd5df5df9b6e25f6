"""A collection of videos that is kept on disk, changed, and searched at any size."""

from prvr_lite.faces import face

face(__name__, __file__)
