"""How many captions find their times in the official annotations, after another clean-up."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Row
from benchmarks.paper_inputs import TVR, captions_of
from prvr_lite.paper.annotations import read_annotations
from prvr_lite.paper.captions import Caption
from prvr_lite.paper.timestamps import Timestamps

FILES = {
    "tvr": TVR,
    "charades": "charades_test_release.jsonl",
    "activitynet": "activitynet_val_release.jsonl",
}


def cleaned_up(captions: list[Caption]) -> list[Caption]:
    """As another clean-up leaves them: lower case, no punctuation, and one in 100 a word short."""
    cleaned = []
    for row, caption in enumerate(captions):
        words = "".join(c if c.isalnum() else " " for c in caption.text.lower()).split()
        text = " ".join(words[1:] if row % 100 == 99 and len(words) > 1 else words)
        cleaned.append(caption._replace(text=text))
    return cleaned


def joins(folder: Path) -> list[Row]:
    """How many captions find their times, as a clean-up of another kind leaves them."""
    rows: list[Row] = []
    for collection, name in FILES.items():
        if not (folder / name).exists():
            continue
        captions = cleaned_up(captions_of(read_annotations(folder / name)))
        start = perf_counter()
        _, report = Timestamps([folder / name]).join(captions)
        rows.append(
            {
                "part": f"join {collection}",
                "side": "prvr_lite",
                "queries": len(captions),
                "seconds": perf_counter() - start,
                "share_joined": report.share,
                "ways": json.dumps(report.joined | report.unjoined),
            }
        )
    return rows
