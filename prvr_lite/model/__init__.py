"""MS-SL++ and the models that it is compared with; this room reads no files and prints nothing."""

from prvr_lite.faces import face

face(__name__, __file__)
