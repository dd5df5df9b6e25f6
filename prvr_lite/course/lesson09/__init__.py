"""Lesson 9: search and similarity maps."""

from __future__ import annotations
