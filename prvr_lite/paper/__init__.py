"""The authors' files: their features, their checkpoints, their published numbers."""

from __future__ import annotations
