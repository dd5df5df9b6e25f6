"""The plotting room: pictures of what MS-SL++ sees, ranks, learns and costs.

Every function takes plain numbers (lists, NumPy arrays, torch tensors) and returns a matplotlib
`Figure` that carries its own alt text; nothing is shown, and pyplot is not involved. Videos are
shown on a dark page, numbers on a light one.
"""

from prvr_lite.faces import face

face(__name__, __file__)
