"""A course of nbgrader: its folder, what is handed in, and the autograder that nbgrader calls."""

from __future__ import annotations
