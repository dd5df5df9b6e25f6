"""Imported once by the server that processes of answers are forked from: what all of them need.

Nothing is computed here, as threads do not survive a fork; no exercise and no solution is loaded.
"""

from __future__ import annotations

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # answers are tried on the CPU
os.environ.setdefault("OMP_NUM_THREADS", "1")

from contextlib import suppress

import torch

import prvr_lite.course.handins.child  # noqa: F401

with suppress(Exception):  # what an optimizer's first step imports; where it can't, it does without
    import torch._dynamo

torch.set_num_threads(1)
