"""How well a query finds its video: vectors, ranking, metrics, typed sentences."""

from __future__ import annotations
