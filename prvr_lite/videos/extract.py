"""Turns a folder of video files into a feature file with CLIP features, thumbnails and captions.

Each video is decoded once, at a few frames per second; a network computes a feature of each frame
and of each word of the captions. The feature file can then be searched or trained on.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from prvr_lite.data.columns import SPLITS, FeatureTable
from prvr_lite.data.openai_clip import (
    DEFAULT_MODEL,
    IMAGE_TAKEN,
    WORDS_TAKEN,
    JointEncoder,
    model_entry,
    unit_rows,
)
from prvr_lite.data.table import write_features
from prvr_lite.files import held
from prvr_lite.videos.caption_table import (
    CaptionRow,
    check_times,
    match_videos,
    query_ids,
    read_caption_table,
)
from prvr_lite.videos.frames import VideoError
from prvr_lite.videos.parts import PartMaker, VideoPart
from prvr_lite.videos.video_files import find_videos, split_of

PARTS: Final = ".parts"  # ending of the folder beside the feature file


@dataclass(frozen=True)
class ExtractionReport:
    """What became of the videos of a folder; it can be printed.

    Attributes:
        path: the feature file.
        videos: ids of the videos in it.
        computed: how many of them were decoded in this call, not in an earlier one.
        skipped: the path of each file that was left out -> the reason, in one line.
        queries: captions in the file.
        dropped: captions of files that were skipped.
        notes: the path of each file that is in it, but was not read as it says of itself -> why.
    """

    path: Path
    videos: list[str]
    computed: int
    skipped: dict[Path, str]
    queries: int
    dropped: int
    notes: dict[Path, list[str]]

    def lines(self) -> list[str]:
        """Returns lines to print: one per skipped file, one per note, then the totals."""
        lines = [f"skipped {path}: {reason}" for path, reason in self.skipped.items()]
        lines += [f"note {path}: {note}" for path, notes in self.notes.items() for note in notes]
        if self.dropped:
            lines.append(f"left out {self.dropped} captions of skipped files")
        kept = len(self.videos) - self.computed
        counts = f"{len(self.videos)} videos ({self.computed} new, {kept} from before)"
        return [*lines, f"{self.path}: {counts}, {self.queries} captions"]


def extract_features(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | JointEncoder = DEFAULT_MODEL,
    fps: float = 1.0,
    captions: str | os.PathLike[str] | None = None,
    split: str | Sequence[float] | Mapping[str, str] = "test",
    max_minutes: float = math.inf,
    thumbnails: bool = True,
    batch_size: int = 32,
    device: str = "auto",
    progress: bool = True,
) -> ExtractionReport:
    """Makes a feature file of all videos in a folder and its subfolders.

    The results of each video are kept in a folder beside ``out`` (its name and ".parts"). After an
    interruption the same call goes on from there; a later call decodes only videos that are new or
    have changed. A video's id is its path in the folder (``find_videos`` says why).

    Args:
        folder: the folder of the videos; files of other endings are skipped, and what is hidden.
        out: the feature file; it is replaced when everything is done.
        model: as in ``OpenAIClipEncoder``; or a loaded one, or another that does the same.
        fps: how many frames per second are used.
        captions: a file for ``caption_table.read_caption_table``; None: no queries.
        split: "train", "val" or "test" for all videos; or the shares of these three, drawn by
            id, so that a video keeps its split when others are added; or video id -> split.
        max_minutes: longer videos are skipped.
        thumbnails: whether to keep a small picture of each frame.
        batch_size, device: as in ``OpenAIClipEncoder``.
        progress: whether to show a progress bar.

    Returns:
        what is in the file, and what was skipped and why.

    Raises:
        FileNotFoundError: the folder, or the file of captions, is missing.
        ValueError: there is no video; captions, splits or settings are wrong; or the model can't
            be loaded.
        ModuleNotFoundError: PyAV or transformers is not installed.
        BusyError: another program extracts into the same file.
    """
    folder, out = Path(folder), Path(out)
    files = find_videos(folder)
    by_video = {} if captions is None else _captions_by_video(Path(captions), folder, files)
    splits = {video: split_of(video, split) for video in files}
    with held(out):  # the parts beside it are one folder for all programs
        work = PartMaker(
            out.with_name(out.name + PARTS),
            model,
            fps=fps,
            max_minutes=max_minutes,
            thumbnails=thumbnails,
            batch_size=batch_size,
            device=device,
        )
        parts: dict[str, VideoPart] = {}
        skipped: dict[Path, str] = {}
        for video in tqdm(files, desc="videos", unit="video", disable=not progress):
            try:
                parts[video] = work.part(video, files[video])
            except VideoError as error:
                skipped[files[video]] = error.reason
        if not parts:
            first, reason = next(iter(skipped.items()))
            raise ValueError(f"{folder}: none of {len(files)} files gave frames; {first}: {reason}")
        if captions is not None:
            for video in parts:
                check_times(captions, by_video.get(video, ()), parts[video].duration)
        table = _table(folder, work, parts, by_video, splits)
        write_features(out, table)
        dropped = sum(map(len, by_video.values())) - len(table.query_id)
        notes = {files[video]: part.notes for video, part in parts.items() if part.notes}
        counts = work.computed, skipped, len(table.query_id), dropped
        return ExtractionReport(out, list(parts), *counts, notes)


def _table(
    folder: Path,
    work: PartMaker,
    parts: Mapping[str, VideoPart],
    by_video: Mapping[str, Sequence[CaptionRow]],
    splits: Mapping[str, str],
) -> FeatureTable:
    queries = [(v, caption) for v, video in enumerate(parts) for caption in by_video.get(video, ())]
    words = [unit_rows(work.encoder.words(caption.text)) for _, caption in queries]
    features = [part.feature for part in parts.values()]
    none = np.zeros((0, features[0].shape[1]), np.float16)  # where no video has a caption
    moments = [[caption.start, caption.end] for _, caption in queries]
    split_of_video = [splits[video] for video in parts]
    return FeatureTable(
        name=folder.resolve().name,
        description=f"{len(parts)} videos of a folder, {work.fps:g} frames per second",
        license="that of the videos",
        visual_model=model_entry(work.model, IMAGE_TAKEN),
        text_model=model_entry(work.model, WORDS_TAKEN),
        video_id=list(parts),
        duration=np.array([part.duration for part in parts.values()], np.float32),
        frame_offset=np.cumsum([0, *map(len, features)]),
        frame=np.concatenate(features),
        query_id=query_ids([list(parts)[v] for v, _ in queries]),
        query_text=[caption.text for _, caption in queries],
        query_video=np.array([v for v, _ in queries], np.int64),
        moment=np.array(moments, np.float32).reshape(-1, 2),
        word_offset=np.cumsum([0, *map(len, words)]),
        word=np.concatenate([none, *words]).astype(np.float16),
        splits={
            name: np.flatnonzero([split == name for split in split_of_video]) for name in SPLITS
        },
        thumbnail=[picture for part in parts.values() for picture in part.thumbnail]
        if work.thumbnails
        else None,
    )


def _captions_by_video(
    path: Path, folder: Path, files: Mapping[str, Path]
) -> dict[str, list[CaptionRow]]:
    """Returns the captions of each video, by video id."""
    short = {video: file.relative_to(folder).as_posix() for video, file in files.items()}
    return match_videos(path, read_caption_table(path), short)
