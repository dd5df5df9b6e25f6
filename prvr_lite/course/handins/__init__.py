"""Grades hand-ins: each answer runs in a process of its own, and is judged outside of it."""

from __future__ import annotations
