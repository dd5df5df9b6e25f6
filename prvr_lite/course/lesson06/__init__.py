"""Lesson 6: key clip guided attention."""

from __future__ import annotations
