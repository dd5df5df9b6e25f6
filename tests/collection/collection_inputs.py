"""Small collections for tests, and videos whose vectors are known."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from toy import SMALL

from prvr_lite.model.records import VideoEncoding
from prvr_lite.search.vectors import VideoRows
from prvr_lite.search.video_index import encoding_rows

ROOT = Path(__file__).resolve().parents[2]


def encoding(
    count: int, clips: int = 5, seed: int = 0, dim: int = SMALL.hidden_dim
) -> VideoEncoding:
    """Videos of random unit vectors, as a model would have encoded them."""
    draw = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, count, clips, dim, generator=draw)
    clip, attended = torch.nn.functional.normalize(vectors, dim=-1)
    places = torch.arange(clips).expand(count, -1).contiguous()
    frames, mask = clip[:, :1], torch.ones(count, 1, dtype=torch.bool)
    return VideoEncoding(clip, places, frames, mask, attended=attended)


def videos(ids: Sequence[str], **how: int) -> VideoRows:
    """The same as a collection takes them; video n has a duration of 2 + n s and 10 + n frames."""
    count = len(ids)
    durations = [2.0 + v for v in range(count)]
    return encoding_rows(encoding(count, **how), ids, durations, range(10, 10 + count))


def python(code: str, *arguments: object, limit: float = 120) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own; it finds the package and these helpers."""
    paths = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "collection")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=limit,
        env=environment,
    )
