"""MS-SL++ and the models it is compared with; nothing here knows a file or a screen."""

from prvr_lite.faces import face

face(__name__, __file__)
