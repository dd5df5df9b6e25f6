"""Lesson 2: from pixels and words to features."""

from __future__ import annotations
