"""Everything that reads or writes videos, queries and their features; it uses no model."""

from prvr_lite.faces import face

face(__name__, __file__)
