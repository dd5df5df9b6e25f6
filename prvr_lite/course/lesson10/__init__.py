"""Lesson 10: from videos to moments."""

from __future__ import annotations
