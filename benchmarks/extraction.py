"""How long a minute of film takes: decoding it, and CLIP on one frame per second.

    python -m benchmarks.extraction

The films are made here: a drifting picture with the grain of a camera, H.264, 25 frames per second.
The networks have CLIP's sizes and random weights, which take the same time as trained ones. The
seconds are processor time of all cores together, so other work on the machine doesn't count, and
``--threads`` matters little.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Row, Work, options, save
from benchmarks.tiny_openai_clip import random_openai_clip
from prvr_lite.data.openai_clip import OpenAIClipEncoder
from prvr_lite.videos.frames import read_frames

FPS = 25
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
VIT_B32 = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
VIT_B32 |= {"num_attention_heads": 12, "patch_size": 32, "image_size": 224}
VIT_L14 = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24}
VIT_L14 |= {"num_attention_heads": 16, "patch_size": 14, "image_size": 224}
NETWORKS = {"ViT-B/32": VIT_B32, "ViT-L/14": VIT_L14}


def make_film(path: Path, width: int, height: int, length: float, seed: int) -> Path:
    """Makes a film of ``length`` seconds."""
    import av

    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16 + 1, 2 * width // 16, 3))
    scene = np.kron(coarse, np.ones((16, 16, 1))).astype(np.int16)[:height]  # twice as wide
    grain = rng.normal(0, 4, (4, height, width, 3)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "superfast", "crf": "23"}
        for number in range(round(length * FPS)):
            view = scene[:, number % width : number % width + width] + grain[number % len(grain)]
            frame = av.VideoFrame.from_ndarray(view.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decoding(folder: Path, *, quick: bool, seed: int, repeats: int) -> list[Row]:
    """Processor seconds to decode a minute of film and take one frame per second."""
    rows: list[Row] = []
    length = 1.0 if quick else 4.0
    for name, (width, height) in ({"tiny": (64, 48)} if quick else SIZES).items():
        film = make_film(folder / f"{name}.mp4", width, height, length, seed)
        times = [_processor_seconds(partial(_decode, film)) for _ in range(repeats)]
        rows.append(_row(f"decode {name}", min(times) * 60 / length))
    return rows


def encoding(folder: Path, *, quick: bool, seed: int, repeats: int) -> list[Row]:
    """Processor seconds of CLIP's image tower, with the resizing before it, for 60 frames."""
    rows: list[Row] = []
    count = 2 if quick else 4
    size = (48, 64, 3) if quick else (720, 1280, 3)
    frames = list(np.random.default_rng(seed).integers(0, 256, (count, *size), dtype=np.uint8))
    for name, tower in ({"tiny": {}} if quick else NETWORKS).items():
        clip = random_openai_clip(folder / "clip", vision=tower, seed=seed)
        encoder = OpenAIClipEncoder(clip, device="cpu", batch_size=count)
        encoder.images(frames)
        times = [_processor_seconds(partial(encoder.images, frames)) for _ in range(repeats)]
        rows.append(_row(f"CLIP {name}", min(times) * 60 / count))
    return rows


def _decode(film: Path) -> int:
    return sum(1 for _ in read_frames(film))


def _processor_seconds(work: Work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _row(step: str, spent: float) -> Row:
    return {"step": step, "seconds": spent, "hours_for_100_hours": 100 * spent / 60}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``extraction.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv)
    how: Any = {"quick": chosen.quick, "seed": chosen.seed}
    how["repeats"] = 1 if chosen.quick else min(chosen.repeats, 3)
    with tempfile.TemporaryDirectory() as folder:
        rows = decoding(Path(folder), **how) + encoding(Path(folder), **how)
    save("extraction", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
