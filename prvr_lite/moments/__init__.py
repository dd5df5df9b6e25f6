"""Finds moments: where in a video, or in all videos of a collection, the answer to a query lies."""

from prvr_lite.faces import face

face(__name__, __file__)
