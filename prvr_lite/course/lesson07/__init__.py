"""Lesson 7: the dual losses."""

from __future__ import annotations
