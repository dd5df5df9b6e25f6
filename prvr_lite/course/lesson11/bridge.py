"""A bridge between two networks that never met: one space for the sample's sentences and frames.

CLIP learned its common space from hundreds of millions of pictures with their captions. Here
something much smaller stands in its place, so that films can be searched without a connection: two
linear maps, fitted on the sample's train films and their captions. They use no times, and they know
nothing but films of this kind.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from prvr_lite.course.lesson12.table_of import table_of
from prvr_lite.data.batches import normalise, pool_features
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.openai_clip import Float, Pixels, unit_rows
from prvr_lite.data.table import write_features
from prvr_lite.model.clips import multi_scale_clips
from prvr_lite.search.sentences import MiniLMText
from prvr_lite.videos.efficientnet import EfficientNetFrames

SIZE: Final = 48  # numbers of a vector; this and the next were chosen on the val films
SHRINKAGE: Final = 0.1  # of what is whitened, towards a ball
UNITS: Final = 32  # of a film, as lesson 4's
SIDE: Final = 160  # pixels of the sample's frames


@dataclass(frozen=True)
class Bridge:
    """Two linear maps into one space of P numbers.

    Attributes:
        word_mean: [Dw]. word_map: [Dw, P]. frame_mean: [Dv]. frame_map: [Dv, P].
    """

    word_mean: Float
    word_map: Float
    frame_mean: Float
    frame_map: Float

    @classmethod
    def fit(cls, words: Float, clips: Float, frames: Float, size: int = SIZE) -> Bridge:
        """Fits both maps to pairs, by canonical correlation: no step of it is random.

        Each side is whitened, so that none of its directions outweighs the others. The singular
        vectors of what is left of their covariance are the directions that pairs share.

        Args:
            words: [N, Dw] the mean word of each sentence. clips: [N, Dv] what it is paired with.
            frames: [F, Dv] frames of films, which say how frames vary. size: P.
        """
        word_mean, frame_mean = words.mean(0), frames.mean(0)
        word, frame = _whitening(words - word_mean), _whitening(frames - frame_mean)
        shared = word @ ((words - word_mean).T @ (clips - frame_mean) / len(words)) @ frame
        left, strength, right = np.linalg.svd(shared)
        weight = np.sqrt(strength[:size])  # half of it on each side
        word_map, frame_map = word @ left[:, :size] * weight, frame @ right[:size].T * weight
        maps = (word_mean, word_map, frame_mean, frame_map)
        return cls(*(numbers.astype(np.float32) for numbers in maps))

    @property
    def name(self) -> str:
        """Tells this bridge from any other."""
        maps = hashlib.sha256(self.word_map.tobytes() + self.frame_map.tobytes())
        return f"bridge {maps.hexdigest()[:8]} from MiniLM to EfficientNet-Lite0"

    def sentences(self, words: Float) -> Float:
        """Brings mean words into the space, [Q, Dw] -> [Q, P] of length 1."""
        return unit_rows(np.asarray((words - self.word_mean) @ self.word_map))

    def words(self, words: Float) -> Float:
        """Brings a sentence's mean word, then each word into the space, [L, Dw] -> [1 + L, P]."""
        return self.sentences(np.concatenate([words.mean(0, keepdims=True), words]))

    def frames(self, features: Float) -> Float:
        """Brings frames or clips into the space, [T, Dv] -> [T, P] of length 1."""
        return unit_rows(np.asarray((features - self.frame_mean) @ self.frame_map))


def _whitening(centred: Float) -> NDArray[np.float64]:
    """Returns the symmetric matrix [D, D] that brings the variances of rows [N, D] close to 1.

    Directions that vary far less than SHRINKAGE times the mean variance stay well below 1.
    """
    covariance = centred.T.astype(np.float64) @ centred / len(centred)
    ball = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    length, direction = np.linalg.eigh(covariance + SHRINKAGE * ball)
    return np.asarray((direction / np.sqrt(length)) @ direction.T)


@dataclass(frozen=True)
class Pairs:
    """What a bridge is fitted on: sentences, and the films that hold their moments somewhere.

    Attributes:
        words: [N, Dw] the mean word of each sentence. film: [N] the row in ``clips`` of its film.
        clips: [V, 528, Dv] the clips of each film; the last one is the whole film.
        frames: [F, Dv] all frames of the films.
    """

    words: Float
    film: NDArray[np.int64]
    clips: Float
    frames: Float

    @classmethod
    def of_split(cls, dataset: Dataset, split: str) -> Pairs:
        """Reads the films of a split and their sentences; moments are not looked at."""
        videos, queries = dataset.videos_in(split), dataset.queries_in(split)
        features = dataset.frames_of(videos)
        units = np.stack([pool_features(one, UNITS) for one in features])
        words = np.stack([one.mean(0) for one in dataset.words_of(queries)])
        film = np.searchsorted(videos, dataset.query_video[queries])
        clips = multi_scale_clips(torch.from_numpy(units)).numpy()
        return cls(words, film, clips, np.concatenate(features))

    def whole_films(self) -> Float:
        """Returns each sentence's whole film as one clip, [N, Dv]: at first no more is known."""
        return np.asarray(self.clips[self.film, -1])

    def best_clips(self, bridge: Bridge) -> Float:
        """Returns the clip of each sentence's film that is nearest to it over a bridge, [N, Dv]."""
        sentences, best = bridge.sentences(self.words), np.empty_like(self.whole_films())
        for film, clips in enumerate(self.clips):
            rows = np.flatnonzero(self.film == film)
            best[rows] = clips[(bridge.frames(clips) @ sentences[rows].T).argmax(0)]
        return best


def write_bridged(
    dataset: Dataset, bridge: Bridge, videos: Sequence[int], path: str | os.PathLike[str]
) -> None:
    """Writes test films of the sample as a feature file in the space of a bridge.

    It stands in for ``extract_features`` where the two networks are not installed: frames and
    words are those that the sample holds. A film is named as its video file would be.
    """
    table, kept = table_of(dataset, videos), sorted(videos)
    words = list(map(bridge.words, np.split(table.word, table.word_offset[1:-1])))
    bridged = replace(
        table,
        name="Emoji Theatre over a bridge",
        description=f"{len(kept)} films of Emoji Theatre; frames and words over one bridge",
        visual_model=bridge.name,
        text_model=bridge.name,
        video_id=[f"{video_id}.mp4" for video_id in table.video_id],
        frame=bridge.frames(table.frame),
        word_offset=np.cumsum([0, *map(len, words)]),
        word=np.concatenate(words),
        thumbnail=[picture for video in kept for picture in dataset.thumbnails(video)],
    )
    write_features(Path(path), bridged)


class BridgeEncoder(EfficientNetFrames):
    """Turns pictures and sentences into one space, as ``OpenAIClipEncoder`` does, by a bridge.

    Pictures go through EfficientNet-Lite0, words through MiniLM, both as in the sample; then
    through the sample's projections, and over the bridge.

    Args:
        dataset: the sample. bridge: between its frames and words.

    Attributes:
        name: tells this bridge from any other. dim: P.
        batch_size: how many pictures are computed at a time.

    Raises:
        ModuleNotFoundError: a package of the extra "sample" is not installed.
        ValueError: a data set whose words MiniLM did not make, or without projection.
    """

    device = torch.device("cpu")

    def __init__(self, dataset: Dataset, bridge: Bridge) -> None:
        super().__init__()
        self.text, self.bridge = MiniLMText(dataset), bridge
        self.dim, self.name = bridge.frame_map.shape[1], bridge.name

    def images(self, frames: Iterable[Pixels]) -> Float:
        """Computes vectors of RGB pictures, [h, w, 3] uint8 each -> [T, P] float32.

        The middle of each picture is made as large as the sample's frames.
        """
        size, smooth = (SIDE, SIDE), Image.Resampling.LANCZOS
        raw = normalise(self(ImageOps.fit(Image.fromarray(one), size, smooth) for one in frames))
        projection = self.text.projection
        return self.bridge.frames((raw - projection.visual_mean) @ projection.visual_basis)

    def words(self, sentence: str) -> Float:
        """Returns the vector of a sentence, then those of its words, [1 + L, P] float32.

        Raises:
            ValueError: the sentence is empty.
        """
        return self.bridge.words(self.text.words(sentence))
