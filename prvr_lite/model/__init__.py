"""MS-SL++ and the models that it is compared with; no code here reads files or prints."""

from prvr_lite.faces import face

face(__name__, __file__)
