"""Lesson 4: multi-scale clips."""

from __future__ import annotations
