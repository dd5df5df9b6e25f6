"""What checks a learner's answer: the exercises of all lessons, their inputs, the diagnosis."""

from __future__ import annotations
