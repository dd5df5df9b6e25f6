"""Lesson 1: what partially relevant video retrieval is."""

from __future__ import annotations
