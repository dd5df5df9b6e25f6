"""Converts the paper's data sets (TVR, ActivityNet Captions, Charades-STA) to feature files.

`convert_release` turns the files that the authors of MS-SL and MS-SL++ distribute into a feature
file. It reports what it did: the splits, how many moments have times, which videos were left out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from prvr_lite.data.columns import SPLITS, FeatureTable
from prvr_lite.data.fingerprint import hash_fraction
from prvr_lite.data.stream import stream_features, unread
from prvr_lite.files import damaged, held
from prvr_lite.paper.captions import Caption, WordFeatures, read_captions
from prvr_lite.paper.frame_sources import FrameSource, open_frames
from prvr_lite.paper.layout import ReleaseFiles, find_release
from prvr_lite.paper.timestamps import JoinReport, Timestamps
from prvr_lite.text import printable

PRECISIONS = ("float32", "float16")


@dataclass
class ConversionReport:
    """What a conversion did; printed, it fills a page.

    Attributes:
        path: the feature file.
        title: title of the data set.
        videos, queries, frames: split -> how many.
        joins: split -> how its captions got their times.
        notes: other decisions, as sentences.
    """

    path: Path
    title: str
    videos: dict[str, int] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    joins: dict[str, JoinReport] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.title}: {printable(self.path)}"]
        for split, videos in self.videos.items():
            frames, queries, join = self.frames[split], self.queries[split], self.joins[split]
            lines.append(f"{split:5s} {videos} videos, {frames} frames, {queries} queries")
            ways = ", ".join(f"{count} {way}" for way, count in join.joined.items())
            cut = f"; {join.cut} cut to their video" if join.cut else ""
            times = f"      with times: {join.share:.2%}" + (f" ({ways}{cut})" if ways else "")
            lines.append(times)
            for reason, count in join.unjoined.items():
                named = ", ".join(map(printable, join.examples[reason]))
                lines.append(f"      without: {count}, {reason} ({named}{', …' * (count > 3)})")
        return "\n".join([*lines, *self.notes])


def convert_release(
    root: str | os.PathLike[str],
    collection: str,
    out: str | os.PathLike[str],
    *,
    annotations: Sequence[str | os.PathLike[str]] = (),
    feature: str | None = None,
    query_feature: str | None = None,
    validation_part: float = 0.1,
    dtype: str = "float32",
    progress: bool = False,
) -> ConversionReport:
    """Turns a release into a feature file; called again after an interruption, it goes on.

    Features keep their values. Moments get the times of the annotations, NaN where none fits. If
    the release has no validation captions, a part of the train videos becomes "val", so that early
    stopping never uses the test videos. (The released code very likely uses them: its readme lists
    only train and test.)

    Args:
        root: the folder that holds the collection's folder, with ``FeatureData`` and ``TextData``.
        collection: "tvr", "activitynet" or "charades".
        out: the feature file to write; its folder is made if needed.
        annotations: files of timestamps, or folders of them; empty: those in ``TextData``.
        feature: folder (BigFile) or HDF5 file in ``FeatureData``; None: the paper's.
        query_feature: HDF5 file in ``TextData``; None: ``roberta_<collection>_query_feat.hdf5``.
        validation_part: about which part of the train videos becomes "val", from 0 (none) to below
            1; the ids alone decide which videos.
        dtype: how features are stored: "float32" exactly, "float16" in half the space.
        progress: whether to show a progress bar.

    Raises:
        ValueError: the collection or dtype is unknown, ``validation_part`` is out of range, or two
            splits share a video.
        FileNotFoundError: a file of the release is missing.
        FileFormatError: a file is damaged; the message says which, where, and how to fix it.
        BusyError: another program converts into the same file.
        OSError: the feature file can't be written.
    """
    if not 0 <= validation_part < 1 or dtype not in PRECISIONS:
        raise ValueError(
            f"validation_part={validation_part}, dtype={dtype!r}: a part must be at least 0 "
            f"and below 1, a dtype one of {', '.join(PRECISIONS)}"
        )
    files = find_release(
        root, collection, feature=feature, query_feature=query_feature, annotations=annotations
    )
    report = ConversionReport(Path(out), files.collection.title)
    splits = _splits(files, validation_part, report)
    timestamps = Timestamps(files.annotations)
    queries = [caption for captions in splits.values() for caption in captions]
    with (
        held(out),  # the unfinished file beside it is one for all programs
        closing(_open_frames(files, splits)) as frames,
        closing(WordFeatures(files.words, [caption.id for caption in queries])) as words,
    ):
        table = _table(files, splits, frames, words, timestamps, dtype, report)
        readers = (lambda row: frames.frames(table.video_id[row])), words.words
        stream_features(out, table, *readers, origin=_origin(files), progress=progress)
    return report


def _splits(
    files: ReleaseFiles, validation_part: float, report: ConversionReport
) -> dict[str, list[Caption]]:
    """Returns the captions of train, val and test; a missing val is made of train videos."""
    splits = {split: read_captions(path) for split, path in files.captions.items()}
    videos = {split: {c.video for c in captions} for split, captions in splits.items()}
    if "test" not in splits and {"train", "val"} <= set(splits):
        splits["test"], videos["test"] = splits.pop("val"), videos.pop("val")
        report.notes.append("test: the release's val captions, on which the papers report.")
    elif "val" in splits and videos["val"] == videos.get("test"):
        del splits["val"], videos["val"]
        report.notes.append("The release's val captions are those of test: left out.")
    for split in splits:
        for later in splits:
            if split < later and (both := videos[split] & videos[later]):
                path = files.captions.get(split, files.captions.get("val", Path(split)))
                problem = f"video '{min(both)}' is also in {later}"
                raise damaged(path, problem, "keep every video in one split only")
    if "val" not in splits and "train" in splits:
        chosen = {video for video in videos["train"] if hash_fraction(video) < validation_part}
        if chosen and chosen != videos["train"]:
            splits["val"] = [c for c in splits["train"] if c.video in chosen]
            splits["train"] = [c for c in splits["train"] if c.video not in chosen]
            report.notes.append(
                f"val: {len(chosen)} of the {len(videos['train'])} train videos, drawn by their "
                "ids, so that early stopping never looks at test."
            )
        else:
            report.notes.append("There is no val split: training runs all of its epochs.")
    return {split: splits[split] for split in SPLITS if split in splits}


def _open_frames(files: ReleaseFiles, splits: dict[str, list[Caption]]) -> FrameSource:
    """Opens the frames of all videos that have captions."""
    of = {caption.video: split for split, captions in splits.items() for caption in captions}
    frames = open_frames(files.frames, of.keys())
    for video, split in of.items():
        if video not in frames.counts:
            problem = f"has no frames of video '{video}', of which {split} has captions"
            raise damaged(frames.path, problem, "take captions and features of one release")
    return frames


def _table(
    files: ReleaseFiles,
    splits: dict[str, list[Caption]],
    frames: FrameSource,
    words: WordFeatures,
    timestamps: Timestamps,
    dtype: str,
    report: ConversionReport,
) -> FeatureTable:
    about = files.collection
    queries = [caption for captions in splits.values() for caption in captions]
    row = {video: i for i, video in enumerate(dict.fromkeys(c.video for c in queries))}
    moments, rows = [], {}
    for split, captions in splits.items():
        rows[split] = np.array(list(dict.fromkeys(row[c.video] for c in captions)), np.int64)
        moment, report.joins[split] = timestamps.join(captions)
        moments.append(moment)
        report.videos[split], report.queries[split] = len(rows[split]), len(captions)
        report.frames[split] = sum(frames.counts[v] for v in {c.video for c in captions})
    frame_offset = _offsets([frames.counts[video] for video in row])
    word_offset = _offsets(words.counts)
    return FeatureTable(
        name=about.name,
        description=f"{about.title}, from the files that the authors of MS-SL++ distribute",
        license="as its sources: for research",
        # other features than the paper's are called what their files are called
        visual_model=about.visual_model
        if about.feature == files.frames.stem
        else files.frames.name,
        text_model=about.text_model if "roberta" in files.words.name else files.words.name,
        video_id=list(row),
        duration=np.array([timestamps.duration(video) for video in row], np.float32),
        frame_offset=frame_offset,
        frame=unread(int(frame_offset[-1]), frames.dim, dtype),
        query_id=[caption.id for caption in queries],
        query_text=[caption.text for caption in queries],
        query_video=np.array([row[caption.video] for caption in queries], np.int64),
        moment=np.concatenate(moments),
        word_offset=word_offset,
        word=unread(int(word_offset[-1]), words.dim, dtype),
        splits=rows,
    )


def _offsets(counts: Any) -> Any:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _origin(files: ReleaseFiles) -> str:
    """Returns names, sizes and times of change of the feature files, as a text to compare."""
    paths = sorted(files.frames.iterdir()) if files.frames.is_dir() else [files.frames]
    stats = [(path.name, path.stat()) for path in (*paths, files.words)]
    return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])
