"""A collection of videos that grows, shrinks and is searched: a database on disk or beyond.

Needs the extra ``scale`` (LanceDB), which is imported when a collection is first used.
"""

from prvr_lite.faces import face

face(__name__, __file__)
