"""From video files to a feature file, and a search that needs no training."""

from prvr_lite.faces import face

face(__name__, __file__)
