"""Damages small HDF5 files by chance, and counts what reading them does.

``python tests/hdf5_faults.py 300 0`` tries 300 mutations of seed 0, and prints the counts and what
should not be: a traceback, a crash, a reader that never ends. A damaged number is a silent change:
HDF5 keeps no checksums of values, so these are only counted.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from prvr_lite import files
from prvr_lite.course.lesson12.toy_release import write_release
from prvr_lite.data import hdf5_probe
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.paper.captions import WordFeatures
from prvr_lite.paper.frame_sources import Hdf5Frames

LIMIT = 4 << 30  # bytes of addresses
SECONDS = 90.0  # for one file
BAD = ("traceback", "crash", "hang")
WIDE = (0, 1, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)


def mutations(seed: int, raw: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    """Yields what was done to the bytes of a file, and the damaged file."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        damaged, kind = bytearray(raw), str(rng.choice(["bit", "byte", "number", "zeros", "cut"]))
        places = sorted(int(place) for place in rng.integers(0, len(raw), rng.integers(1, 4)))
        if kind == "cut":
            places = places[:1]
            del damaged[places[0] :]
        for place in places:
            if kind == "bit":
                damaged[place] ^= 1 << int(rng.integers(8))
            elif kind == "byte":
                damaged[place] = int(rng.choice([0, 255, rng.integers(256)]))
            elif kind == "number":  # where HDF5 keeps addresses and sizes
                place -= place % 8
                damaged[place : place + 8] = int(rng.choice(WIDE[:6])).to_bytes(8, "little")
            elif kind == "zeros":
                end = min(len(raw), place + int(rng.integers(1, 64)))
                damaged[place:end] = bytes(end - place)
        yield f"{kind} at {', '.join(map(str, places))}", bytes(damaged)


def sound_files(folder: Path) -> dict[str, bytes]:
    """A small feature file, and both HDF5 files of a small release."""
    from feature_tables import full_table
    from paper_releases import frames_by_video, release_table

    write_features(folder / "features.h5", full_table())
    table = release_table(4)
    base = write_release(table, folder, "tvr")
    frames_by_video(table, folder, "tvr")
    found = {
        "features": folder / "features.h5",
        "frames": base / "FeatureData/i3d_resnet.hdf5",
        "words": base / "TextData/roberta_tvr_query_feat.hdf5",
    }
    return {kind: path.read_bytes() for kind, path in found.items()}


def content(kind: str, path: Path) -> str:
    """A digest of everything that the package reads of a file."""
    digest = hashlib.sha256()
    if kind == "features":
        with open_features(path) as data:
            data.check()
            parts = [[getattr(data, name) for name in ("name", "license", "splits", "relevant")]]
            parts += [[data.video_id, data.query_id, data.query_text, data.moment.tolist()]]
            for video in range(len(data.video_id)):
                parts.append([data.frames(video).tolist(), data.thumbnails(video)])
            parts += [word.tolist() for word in data.words_of(range(len(data.query_id)))]
            digest.update(repr(parts).encode())
    elif kind == "frames":
        frames = Hdf5Frames(path)
        for video in sorted(frames.counts):
            digest.update(video.encode("utf-8", "replace") + frames.frames(video).tobytes())
        frames.close()
    else:
        captions = ["show_s01e00_clip_0#enc#0", "show_s01e03_clip_3#enc#0"]
        words = WordFeatures(path, captions)
        for row in range(len(captions)):
            digest.update(words.words(row).tobytes())
        words.close()
    return digest.hexdigest()


def outcome(kind: str, path: Path, right: str) -> str:
    """What reading a file came to: same, changed, refused, or traceback with its last lines."""
    try:
        return "same" if content(kind, path) == right else "changed"
    except (files.FileFormatError, OSError) as error:
        if "\n" not in str(error) and "To fix it: " in str(error) and len(str(error)) < 900:
            return "refused"
        return f"traceback: {error!r}"
    except Exception:
        return "traceback: " + " | ".join(traceback.format_exc().strip().split("\n")[-5:])


def read_all(folder: Path, first: int) -> None:
    """Reads the files of a folder from a number on; prints what each came to."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    for number, (kind, _) in enumerate(plan["files"]):
        if number >= first:
            print(f"start {number}", flush=True)
            print(outcome(kind, folder / f"{number}.h5", plan["right"][kind]), flush=True)


def fuzz(count: int, seed: int, *, examined_here: bool = False) -> tuple[Counter[str], list[str]]:
    """Tries mutations in other processes; returns how many came to what, and what is bad.

    Args:
        examined_here: whether the reader's own process examines the files: quick, and a crash of
            the HDF5 library counts as one.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = sound_files(folder)
        right, plan = {}, []
        for kind, raw in sound.items():
            (folder / "sound.h5").write_bytes(raw)
            right[kind] = content(kind, folder / "sound.h5")
            share = count // 2 if kind == "features" else count // 4
            for what, damaged in mutations(seed, raw, share):
                (folder / f"{len(plan)}.h5").write_bytes(damaged)
                plan.append((kind, what))
        (folder / "plan.json").write_text(json.dumps({"right": right, "files": plan}))
        outcomes: dict[int, str] = {}
        while len(outcomes) < len(plan):
            lines = _run(folder, len(outcomes), examined_here)
            for number, line in lines:
                outcomes[number] = line
    bad = [
        f"{plan[number][0]}, {plan[number][1]}: {line}"
        for number, line in outcomes.items()
        if line.startswith(BAD)
    ]
    return Counter(line.partition(":")[0] for line in outcomes.values()), bad


def _run(folder: Path, first: int, examined_here: bool) -> list[tuple[int, str]]:
    """The outcomes that one process comes to, the one that ends it included."""
    mode = "here" if examined_here else "probe"
    command = [sys.executable, __file__, "--read", str(folder), str(first), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        done: list[tuple[int, str]] = []
        number = first
        while True:
            watch = threading.Timer(SECONDS, reader.kill)
            watch.start()
            begun = reader.stdout.readline().split()
            line = reader.stdout.readline().strip() if begun else ""
            hung = watch.finished.is_set()
            watch.cancel()
            if not begun:
                return done
            number = int(begun[1])
            if not line:
                reader.wait()
                return [*done, (number, "hang" if hung else f"crash: status {reader.returncode}")]
            done.append((number, line))


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        if sys.argv[4] == "here":
            files._verdict = hdf5_probe.verdict
        read_all(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        counts, bad = fuzz(int(sys.argv[1]), int(sys.argv[2]), examined_here="here" in sys.argv)
        print(dict(counts), *bad, sep="\n")
