"""Lesson 5: length-aware clip clustering."""

from __future__ import annotations
