"""Finds the files of a release in the folders in which the authors distribute them.

``<root>/<collection>/FeatureData/<feature>/…`` and ``<root>/<collection>/TextData/…``
(HuiGuanLab/ms-sl and ms-sl-pp, README.md and method/data_provider.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prvr_lite.data.columns import SPLITS


@dataclass(frozen=True)
class Collection:
    """The names and the features of one data set of the paper.

    Attributes:
        name: its name in the authors' folders.
        title: its name in papers.
        feature: the folder of its frame features.
        visual_model, text_model: what computed the features.
        annotations: glob patterns of the usual names of its files of timestamps.
    """

    name: str
    title: str
    feature: str
    visual_model: str
    text_model: str
    annotations: tuple[str, ...]


ROBERTA = "RoBERTa, tokens"
COLLECTIONS = {
    "tvr": Collection(
        "tvr",
        "TVR",
        "i3d_resnet",
        "I3D (1024) and ResNet152 (2048)",
        f"{ROBERTA}, fine-tuned on TVR",
        ("tvr_*_release.jsonl",),
    ),
    "activitynet": Collection(
        "activitynet",
        "ActivityNet Captions",
        "i3d",
        "I3D",
        ROBERTA,
        ("train.json", "val_1.json", "val_2.json", "activitynet_*_release.jsonl"),
    ),
    "charades": Collection(
        "charades",
        "Charades-STA",
        "i3d_rgb_lgi",
        "I3D, RGB, as released with LGI",
        ROBERTA,
        ("charades_*_release.jsonl", "charades_sta_*.txt"),
    ),
}


@dataclass(frozen=True)
class ReleaseFiles:
    """The files of a collection.

    Attributes:
        frames: a BigFile folder or an HDF5 file of videos.
        words: the HDF5 file of the captions' words.
        captions: split -> caption file, of the splits that have one.
        annotations: files of timestamps.
    """

    collection: Collection
    frames: Path
    words: Path
    captions: dict[str, Path]
    annotations: list[Path]


def find_release(
    root: str | os.PathLike[str],
    collection: str,
    *,
    feature: str | None = None,
    query_feature: str | None = None,
    annotations: Sequence[str | os.PathLike[str]] = (),
) -> ReleaseFiles:
    """Finds the files that the authors released for a collection, as they call a data set.

    Args:
        root: the folder that holds the collection's folder, or that folder itself.
        collection: "tvr", "activitynet" or "charades".
        feature: folder or file in ``FeatureData``; None: the one the paper used.
        query_feature: file in ``TextData``; None: ``roberta_<collection>_query_feat.hdf5``.
        annotations: files of timestamps, or folders of them; empty: those in ``TextData``.

    Raises:
        ValueError: the collection is unknown.
        FileNotFoundError: a file is missing; the message lists the places that were tried.
    """
    if collection not in COLLECTIONS:
        raise ValueError(
            f"there is no collection {collection!r}: choose one of {', '.join(COLLECTIONS)}"
        )
    about, base = COLLECTIONS[collection], Path(root) / collection
    if not base.is_dir() and (Path(root) / "TextData").is_dir():
        base = Path(root)
    text, name = base / "TextData", feature or about.feature
    frames = [base / "FeatureData" / name]
    frames += [frames[0].with_name(f"{name}.{ending}") for ending in ("hdf5", "h5")]
    words = text / (query_feature or f"roberta_{collection}_query_feat.hdf5")
    captions = {split: text / f"{collection}{split}.caption.txt" for split in SPLITS}
    present = {split: path for split, path in captions.items() if path.is_file()}
    if not present:
        _first(list(captions.values()), "captions")
    features = _first(frames, "frame features"), _first([words], "word features")
    times = _annotations(about, annotations or [text], missing_is_fault=bool(annotations))
    return ReleaseFiles(about, *features, present, times)


def _first(paths: list[Path], what: str) -> Path:
    for path in paths:
        if path.exists():
            return path
    places = ", ".join(map(str, paths))
    raise FileNotFoundError(f"{what} are missing; looked for {places}. Check root and collection.")


def _annotations(
    about: Collection, given: Sequence[str | os.PathLike[str]], *, missing_is_fault: bool
) -> list[Path]:
    """Returns the given files, and the files with the usual names in the given folders."""
    files = []
    for path in map(Path, given):
        if path.is_dir():
            usual = [file for name in about.annotations for file in sorted(path.glob(name))]
            if not usual and missing_is_fault:
                names = ", ".join(about.annotations)
                raise FileNotFoundError(f"{path}: holds no file of timestamps ({names})")
            files += usual
        elif path.exists():
            files.append(path)
        elif missing_is_fault:
            raise FileNotFoundError(f"{path}: there is no such file of timestamps")
    return list(dict.fromkeys(files))
