"""Pictures that several lessons draw."""

from __future__ import annotations
