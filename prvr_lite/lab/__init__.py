"""What is measured: experiments, claims, tables and figures; the explorer and the demo."""

from prvr_lite.faces import face

face(__name__, __file__)
