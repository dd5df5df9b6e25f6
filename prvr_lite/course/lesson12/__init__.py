"""Lesson 12: the paper's data sets."""

from __future__ import annotations
