"""prvr_lite: learn, teach and use Partially Relevant Video Retrieval."""

import sys

from prvr_lite.faces import MovedModules, face

__version__ = "0.2.0"

face(__name__, __file__)
sys.meta_path.insert(0, MovedModules(("prvr_lite.lesson", "prvr_lite.exercises"), __version__))
