"""A typed sentence finds a film and a moment in it, over the bridge that stands in for CLIP.

    python -m benchmarks.joint_space

Twelve test films at a time are read from MP4 files: the five that travel whole, and seven drawn by
each of three seeds. These seven are rendered as the five were ("drawn": needs the emoji font), or
from thumbnails, as lesson 11 does ("thumbnails"). "stored" takes all test films from the feature
file, without any video. The bridge is fitted on the train films alone, without times. Captions that
a train film has too are left out.

``inside``: of how many captions the best frame of the right film lies in the moment; its chance is
the share of the film that the moment takes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measure import Row, options, save
from prvr_lite.course.lesson11.answers import zero_shot_scores
from prvr_lite.course.lesson11.bridge import Bridge, BridgeEncoder, Pairs
from prvr_lite.course.lesson11.folder_of_films import WHOLE
from prvr_lite.course.lesson11.render_film import render_film
from prvr_lite.data.batches import pool_features
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.openai_clip import Float
from prvr_lite.data.sample import load_sample, sample_film
from prvr_lite.model.clips import multi_scale_clips
from prvr_lite.search.metrics import rank_of_first_relevant
from prvr_lite.videos.extract import extract_features

THEATRE = Path(__file__).resolve().parents[1] / "data_samples"
SEEDS, OTHERS = 3, 7
FPS = 2
ROUNDS = 3  # of guessing again which clip each sentence is about; chosen on the val films


def bridges(sample: Dataset) -> Iterator[Bridge]:
    """Fits bridges on the train films: one to whole films, each other to what the last one guesses.

    It is the idea of multiple-instance learning. Only the film of a sentence is known; so guess the
    clip that fits best over the bridge so far, fit a bridge to these clips, and guess again.
    """
    pairs = Pairs.of_split(sample, "train")
    partner = pairs.whole_films()
    for _ in range(1 + ROUNDS):
        bridge = Bridge.fit(pairs.words, partner, pairs.frames)
        yield bridge
        partner = pairs.best_clips(bridge)


def unseen_queries(sample: Dataset, videos: Sequence[int]) -> NDArray[np.int64]:
    """The queries of these test films whose caption no train film has."""
    known = {sample.query_text[q] for q in sample.queries_in("train")}
    queries = sample.queries_in("test")
    return np.array(
        [
            q
            for q in queries
            if sample.query_video[q] in videos and sample.query_text[q] not in known
        ]
    )


def measured(
    sample: Dataset,
    videos: Sequence[int],
    frames: Sequence[Float],
    sentences: Float,
    queries: NDArray[np.int64],
) -> Row:
    """How well sentences [Q, P] find the films, whose frames are [T, P] each, and their moments."""
    units = np.stack([pool_features(one, 32) for one in frames])
    clips = multi_scale_clips(torch.from_numpy(units))  # [V, 528, P]
    every = torch.ones(clips.shape[:2], dtype=torch.bool)
    score = zero_shot_scores(torch.from_numpy(sentences), clips, every)  # [Q, V]
    own = np.array([list(videos).index(v) for v in sample.query_video[queries]])
    rank = rank_of_first_relevant(score, torch.from_numpy(own))
    inside, chance = [], []
    for query, row, sentence in zip(queries, own, sentences, strict=True):
        start, end = sample.moment[query]
        inside.append(start <= int((frames[row] @ sentence).argmax()) / FPS < end)
        chance.append((end - start) / sample.duration[videos[row]])
    return {
        "films": len(videos),
        "sentences": len(queries),
        "R@1": 100 * float((rank <= 1).mean()),
        "R@5": 100 * float((rank <= 5).mean()),
        "R@1_chance": 100 / len(videos),
        "inside": 100 * float(np.mean(inside)),
        "inside_chance": 100 * float(np.mean(chance)),
    }


def write_films(sample: Dataset, videos: Sequence[int], folder: Path, source: str) -> None:
    """Writes films as MP4: the five as they are, the others drawn whole or from thumbnails."""
    folder.mkdir()
    drawn = {}
    if source == "drawn":
        sys.path.insert(0, str(THEATRE))
        from make_emoji_theatre import SEED, TEST_SEED, all_films
        from theatre.movie import write_movie

        drawn = {film.id: film for film in all_films(400, 100, 200, SEED, TEST_SEED)}
    for video in videos:
        name = sample.video_id[video]
        if name in WHOLE:
            shutil.copy(sample_film(name)[0], folder)
        elif source == "drawn":
            write_movie(folder / f"{name}.mp4", drawn[name])
        else:
            render_film(sample, video, folder / f"{name}.mp4")


def from_files(
    sample: Dataset, encoder: BridgeEncoder, videos: Sequence[int], folder: Path, source: str
) -> Row:
    """Writes the films, reads them, and types every sentence."""
    write_films(sample, videos, folder / "films", source)
    settings: dict[str, Any] = {
        "model": encoder,
        "fps": FPS,
        "thumbnails": False,
        "progress": False,
    }
    extract_features(folder / "films", folder / "films.h5", **settings)
    queries = unseen_queries(sample, videos)
    with open_features(folder / "films.h5") as read:
        row_of = {Path(video_id).stem: row for row, video_id in enumerate(read.video_id)}
        frames = [read.frames(row_of[sample.video_id[video]]) for video in videos]
    typed = np.stack([encoder.words(sample.query_text[q])[0] for q in queries])
    return measured(sample, videos, frames, typed, queries)


def from_features(sample: Dataset, bridge: Bridge, videos: Sequence[int]) -> Row:
    """The same with the frames and words that the sample holds."""
    queries = unseen_queries(sample, videos)
    frames = [bridge.frames(one) for one in sample.frames_of(videos)]
    words = np.stack([one.mean(0) for one in sample.words_of(queries)])
    return measured(sample, videos, frames, bridge.sentences(words), queries)


def chosen_films(sample: Dataset, seed: int, others: int) -> list[int]:
    """The five films that travel whole, and others drawn by a seed."""
    rest = [int(v) for v in sample.videos_in("test") if sample.video_id[v] not in WHOLE]
    more = np.random.default_rng(seed).choice(rest, others, replace=False)
    return sorted([*map(sample.video_id.index, WHOLE), *more.tolist()])


def rounds(sample: Dataset) -> tuple[Bridge, list[Row]]:
    """Fits the bridge, and searches the val films, on which its sizes were chosen, each round."""
    pairs, rows = Pairs.of_split(sample, "val"), list[Row]()
    clips = torch.from_numpy(pairs.clips)
    every = torch.ones(clips.shape[:2], dtype=torch.bool)

    for number, bridge in enumerate(bridges(sample)):
        over = torch.from_numpy(np.stack([bridge.frames(one) for one in pairs.clips]))
        score = zero_shot_scores(torch.from_numpy(bridge.sentences(pairs.words)), over, every)
        rank = rank_of_first_relevant(score, torch.from_numpy(pairs.film))
        found = {"R@1": 100 * float((rank <= 1).mean()), "R@5": 100 * float((rank <= 5).mean())}
        about = {
            "films": len(clips),
            "sentences": len(rank),
            **found,
            "R@1_chance": 100 / len(clips),
        }
        rows.append({"source": f"val, round {number}", "seed": "", **about})

    return bridge, rows


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``joint_space.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv)
    sample = load_sample()
    bridge, rows = rounds(sample)
    test = [int(video) for video in sample.videos_in("test")]
    rows.append({"source": "stored", "seed": "", **from_features(sample, bridge, test)})
    encoder = BridgeEncoder(sample, bridge)
    for seed in range(1 if chosen.quick else SEEDS):
        videos = chosen_films(sample, seed, 1 if chosen.quick else OTHERS)
        for source in ("thumbnails",) if chosen.quick else ("thumbnails", "drawn"):
            with tempfile.TemporaryDirectory() as folder:
                row = from_files(sample, encoder, videos, Path(folder), source)
            rows.append({"source": source, "seed": seed, **row})
    save("joint_space", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
