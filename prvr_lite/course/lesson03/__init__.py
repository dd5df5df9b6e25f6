"""Lesson 3: the encoders."""

from __future__ import annotations
