"""From videos to moments: where in a video, or in a whole collection, a query's answer lies."""

from prvr_lite.faces import face

face(__name__, __file__)
