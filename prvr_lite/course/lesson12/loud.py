"""A module that rings when it is imported: what a file names must not even be that."""

from __future__ import annotations

from prvr_lite.course.lesson12.pickles import ring

EasyDict = dict
ring()
