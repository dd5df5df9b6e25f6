"""A folder of video files -> a feature file with CLIP features, thumbnails and captions."""

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
    model_entry,
    unit_rows,
)
from prvr_lite.data.table import write_features
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
    """What became of a folder of videos.

    Attributes:
        path: the feature file.
        videos: ids of the videos in it.
        computed: how many of them were decoded now; the others were there from an earlier run.
        skipped: path of each file that is left out -> why, in one line.
        queries: captions in the file.
        dropped: captions of files that were skipped.
    """

    path: Path
    videos: list[str]
    computed: int
    skipped: dict[Path, str]
    queries: int
    dropped: int

    def lines(self) -> list[str]:
        """The report to print: a line for each file that was skipped, then one of totals."""
        lines = [f"skipped {path}: {reason}" for path, reason in self.skipped.items()]
        if self.dropped:
            lines.append(f"left out {self.dropped} captions of skipped files")
        kept = len(self.videos) - self.computed
        counts = f"{len(self.videos)} videos ({self.computed} new, {kept} from before)"
        return [*lines, f"{self.path}: {counts}, {self.queries} captions"]


def extract_features(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    fps: float = 1.0,
    captions: str | os.PathLike[str] | None = None,
    split: str | Sequence[float] | Mapping[str, str] = "test",
    max_minutes: float = math.inf,
    thumbnails: bool = True,
    batch_size: int = 32,
    device: str = "auto",
    progress: bool = True,
) -> ExtractionReport:
    """Make a feature file of all videos in a folder and the folders in it.

    What is computed of a video is kept in a folder beside ``out`` (its name and ".parts"). An
    interrupted run goes on there; a later one decodes only what is new or has changed. A video's
    id is its path in the folder without ending; with it, where two files differ in the ending only.

    Args:
        folder: where the videos are; hidden files and files of other endings are passed over.
        out: the feature file; replaced once all is done.
        model: as ``ClipEncoder``.
        fps: frames a second that are looked at.
        captions: a file as ``caption_table.read_caption_table`` takes; without one: no queries.
        split: "train", "val" or "test" for all videos; or the shares of these three, drawn by
            id, so that a video stays where it is when others come; or video id -> split.
        max_minutes: longer videos are skipped.
        thumbnails: keep a small picture of each frame.
        batch_size, device: as ``ClipEncoder``.
        progress: show a bar.

    Returns:
        What is in the file, and what was skipped and why.

    Raises:
        FileNotFoundError: no such folder, or file of captions.
        ValueError: no video at all; captions, splits or settings that can't be; a model that
            can't be loaded.
        ModuleNotFoundError: PyAV or transformers is not installed.
    """
    folder, out = Path(folder), Path(out)
    files = find_videos(folder)
    by_video = {} if captions is None else _captions_by_video(Path(captions), folder, files)
    splits = {video: split_of(video, split) for video in files}
    out.parent.mkdir(parents=True, exist_ok=True)
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
            parts[video] = work.part(files[video])
        except VideoError as error:
            skipped[files[video]] = error.reason
    if not parts:
        first, reason = next(iter(skipped.items()))
        raise ValueError(f"{folder}: no file of {len(files)} gave frames; {first}: {reason}")
    if captions is not None:
        for video in parts:
            check_times(captions, by_video.get(video, ()), parts[video].duration)
    table = _table(folder, work, parts, by_video, splits)
    write_features(out, table)
    dropped = sum(len(own) for own in by_video.values()) - len(table.query_id)
    return ExtractionReport(out, list(parts), work.computed, skipped, len(table.query_id), dropped)


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
    none = np.zeros((0, features[0].shape[1]), np.float16)  # where nobody captioned anything
    moments = [[caption.start, caption.end] for _, caption in queries]
    owner = [splits[video] for video in parts]
    return FeatureTable(
        name=folder.resolve().name,
        description=f"{len(parts)} videos of a folder, {work.fps:g} frames a second",
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
        splits={name: np.flatnonzero([one == name for one in owner]) for name in SPLITS},
        thumbnail=[picture for part in parts.values() for picture in part.thumbnail]
        if work.thumbnails
        else None,
    )


def _captions_by_video(
    path: Path, folder: Path, files: Mapping[str, Path]
) -> dict[str, list[CaptionRow]]:
    """The captions of each video, by id."""
    short = {video: file.relative_to(folder).as_posix() for video, file in files.items()}
    return match_videos(path, read_caption_table(path), short)
