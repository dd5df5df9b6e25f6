"""Lesson 8: training MS-SL++."""

from __future__ import annotations
