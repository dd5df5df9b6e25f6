"""The course: what lessons show, ask and check; a folder for each lesson."""

from prvr_lite.faces import face

face(__name__, __file__)
