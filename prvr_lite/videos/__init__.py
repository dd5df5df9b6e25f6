"""Makes a feature file from video files, and searches it without any training."""

from prvr_lite.faces import face

face(__name__, __file__)
