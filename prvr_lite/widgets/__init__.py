"""Pictures with a slider, which are static small multiples where no slider can be driven."""

from __future__ import annotations
