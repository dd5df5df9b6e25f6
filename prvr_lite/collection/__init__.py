"""A collection of videos that is kept on disk, changed, and searched at any size."""

from __future__ import annotations
