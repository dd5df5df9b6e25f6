"""Small whole files of every format that users give to ``prvr-lite``, and who reads them."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
CAPTIONS = (
    ("film1.mp4", "a man opens, and closes, the door", 0.0, 2.5),
    ("film2.mp4", "a café's owner “waves”", 1.0, 4.0),
)


@dataclass(frozen=True)
class Format:
    """One kind of file, and the commands that read it.

    Attributes:
        whole: the undamaged file or folder.
        damaged: files of it that are damaged, one at a time.
        commands: "{bad}" stands for the damaged copy.
        checked: whether the format has checksums, so that no change may go unnoticed.
        clean: what a command writes and the next one must not find.
    """

    whole: Path
    damaged: tuple[Path, ...]
    commands: tuple[tuple[str, ...], ...]
    checked: bool = False
    clean: tuple[str, ...] = ()

    def copy(self, target: Path) -> Path:
        """A fresh copy of the whole file or folder."""
        if target.is_dir():
            shutil.rmtree(target)
        if self.whole.is_dir():
            shutil.copytree(self.whole, target)
        else:
            shutil.copyfile(self.whole, target)
        return target


def make_inputs(folder: Path) -> dict[str, Format]:
    """Writes one of each; all together take a few hundred kB."""
    sys.path.insert(0, str(TESTS))  # the inputs of the tests
    toy, releases = import_module("toy"), import_module("paper_releases")
    from prvr_lite import VideoIndex, build_model, fit, open_features, write_features
    from prvr_lite.collection import VideoCollection

    films, checkpoint, index = folder / "films.h5", folder / "model.pt", folder / "films.index"
    write_features(films, toy.toy_table())
    with open_features(films) as dataset:
        model = build_model("mssl++", toy.SMALL)
        fit(model, dataset, toy.QUICK, checkpoint=checkpoint, progress=False)
        VideoIndex.build(model, dataset, "test").save(index)
        VideoCollection.build(folder / "collection", model, dataset, "test")
        query = dataset.query_id[int(dataset.queries_in("test")[0])]
    for kind in ("bigfile", "hdf5"):
        releases.small_release(folder / kind, per_video=kind == "hdf5")
    data = ("--data", str(films), "--device", "cpu")
    search = ("index", "search", "{bad}", query, *data)
    convert = ("convert", "{bad}", "tvr", "--out", str(folder / "converted.h5"))
    formats = {
        "feature file": Format(
            films, (films,), (("evaluate", str(checkpoint), "--data", "{bad}", "--device", "cpu"),)
        ),
        "checkpoint": Format(checkpoint, (checkpoint,), (("evaluate", "{bad}", *data),), True),
        "index file": Format(index, (index,), (("index", "check", "{bad}"), search), True),
        "collection": _folder(
            folder / "collection", (("index", "check", "{bad}"), search), checked=True
        ),
        "release, BigFile": _folder(folder / "bigfile", (convert,)),
        "release, HDF5": _folder(folder / "hdf5", (convert,)),
    }
    for name, path in captions(folder).items():
        formats[name] = Format(path, (path,), (("captions", "{bad}"),))
    video = _video(folder)
    return formats if video is None else {**formats, "video": video}


def _folder(whole: Path, commands: tuple[tuple[str, ...], ...], checked: bool = False) -> Format:
    files = tuple(sorted(path for path in whole.rglob("*") if path.is_file()))
    clean = ("converted.h5", "converted.h5.part", "converted.h5.part.log")
    return Format(whole, files, commands, checked, clean)


def captions(folder: Path) -> dict[str, Path]:
    import csv
    import json

    paths = {f"captions, {kind}": folder / f"captions.{kind}" for kind in ("csv", "tsv", "jsonl")}
    for path in paths.values():
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".jsonl":
                for row in CAPTIONS:
                    named = dict(zip(("video", "text", "start", "end"), row, strict=True))
                    file.write(json.dumps(named) + "\n")
            else:
                dialect = "excel" if path.suffix == ".csv" else "excel-tab"
                table = csv.writer(file, dialect)
                table.writerow(("video", "text", "start", "end"))
                table.writerows(CAPTIONS)
    return paths


def _video(folder: Path) -> Format | None:
    try:
        makers = import_module("video_makers")
    except ImportError:  # PyAV is not installed
        return None
    path = folder / "film.mp4"
    makers.make_video(path, makers.even_times(3.0, 8.0))
    return Format(path, (path,), (("frames", "{bad}"),))
