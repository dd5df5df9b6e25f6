"""What checks a learner's answer, lesson by lesson: ``check``, ``hint``, ``progress``."""

from __future__ import annotations

from prvr_lite.course.grading.session import CheckFailed, check, hint, progress

__all__ = ["CheckFailed", "check", "hint", "progress"]
