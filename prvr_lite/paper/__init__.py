"""Reads what the paper's authors released: features and checkpoints; lists published numbers."""

from prvr_lite.faces import face

face(__name__, __file__)
