"""The course: what lessons show, ask and check; a folder for each lesson."""

from __future__ import annotations
