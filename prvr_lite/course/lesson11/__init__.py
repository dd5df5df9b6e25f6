"""Lesson 11: your own videos, and many of them."""

from __future__ import annotations
