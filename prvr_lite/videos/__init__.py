"""From video files to a feature file, and a search that needs no training."""

from __future__ import annotations
