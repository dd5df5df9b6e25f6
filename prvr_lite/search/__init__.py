"""How well a query finds its video: vectors, ranking, metrics, typed sentences."""

from prvr_lite.faces import face

face(__name__, __file__)
