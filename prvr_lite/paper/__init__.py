"""The authors' files: their features, their checkpoints, their published numbers."""

from prvr_lite.faces import face

face(__name__, __file__)
