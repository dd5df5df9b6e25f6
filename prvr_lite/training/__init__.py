"""Trains models: the losses, the training loop, checkpoints, and training in several processes."""

from prvr_lite.faces import face

face(__name__, __file__)
