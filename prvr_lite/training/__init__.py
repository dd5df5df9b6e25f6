"""Training a model: the losses, the loop, checkpoints, several processes."""

from prvr_lite.faces import face

face(__name__, __file__)
