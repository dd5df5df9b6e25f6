"""Typed sentences as word features, without the network that made the features.

A text network reads each word in its sentence; a data set only keeps what came out. Where captions
draw on a small vocabulary, that can be learned from them: a word's feature is taken for the sum of
what the word itself gives and what each word of its sentence adds. Only word order is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset

Float = NDArray[np.float32]
WORD: Final = re.compile(r"\w+|[^\w\s]")
RIDGE: Final = 1.0  # as if each share had been seen once more, as zero: rare words stay moderate


class UnknownWordError(ValueError):
    """A typed sentence has words that no caption has; says which, and what is spelled like them."""


def words_of(text: str) -> list[str]:
    """Returns the words and punctuation marks of a sentence, in lower case."""
    return WORD.findall(text.lower())


class Vocabulary:
    """The words of a split's captions, and what each contributes to features.

    Test captions of Emoji Theatre that are typed again this way find their films about as often as
    with their own features, under a trained MS-SL++. Fitting holds a number in memory for each pair
    of a word in a caption and a word of the vocabulary: that one should be small.

    Args:
        dataset: an open feature file.
        split: whose captions are read; words of other splits stay unknown.

    Raises:
        ValueError: the split has no captions, or none has a feature for each of its words.
    """

    def __init__(self, dataset: Dataset, split: str = "train") -> None:
        rows = dataset.queries_in(split)
        if not len(rows):
            raise ValueError(f"{dataset.path}: no caption in split {split!r} to learn words from")
        features = dataset.words_of(rows)
        texts = [words_of(dataset.query_text[query]) for query in rows]
        pieces = count_pieces(texts, [len(one) for one in features])
        fit = [
            (text, feature)
            for text, feature in zip(texts, features, strict=True)
            if sum(pieces[word] for word in text) == len(feature)
        ]
        if not fit:
            raise ValueError(f"{dataset.path}: captions and word features don't match in number")
        self.words = sorted({word for text, _ in fit for word in text})  # W of them
        ends = np.cumsum([pieces[word] for word in self.words])  # the last is P
        self._pieces = {w: range(e - pieces[w], e) for w, e in zip(self.words, ends, strict=True)}
        self._row = {word: row for row, word in enumerate(self.words)}
        shares = np.concatenate([self._shares(text) for text, _ in fit])  # [L, P + W], L of all
        gram = (shares.T @ shares).astype(np.float64)  # whole numbers: exact in float32 as well
        gram[np.diag_indices_from(gram)] += RIDGE
        known = shares.T @ np.concatenate([feature for _, feature in fit])  # [P + W, Dw]
        self._given: Float = np.linalg.solve(gram, known).astype(np.float32)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word.lower() in self._row

    def encode(self, text: str) -> Float:
        """Returns word features [L, Dw] of a sentence, without punctuation that no caption has.

        Raises:
            UnknownWordError: naming the words that no caption has, with near spellings.
            ValueError: no word at all.
        """
        words = [word for word in words_of(text) if word in self or word[0].isalnum()]
        if not any(word[0].isalnum() for word in words):
            raise ValueError("type a sentence first, such as “An owl plays the trumpet.”")
        unknown = list(dict.fromkeys(word for word in words if word not in self))
        if unknown:
            raise UnknownWordError("; ".join(map(self._told, unknown)))
        return self._shares(words) @ self._given

    def _shares(self, words: Sequence[str]) -> Float:
        """Returns how often each piece and word is in the sum of each feature, [L, P + W].

        A feature of a sentence is the sum of its own piece and of all words.
        """
        pieces = [piece for word in words for piece in self._pieces[word]]
        kinds = self._pieces[self.words[-1]].stop  # P
        shares = np.zeros((len(pieces), kinds + len(self)), dtype=np.float32)
        shares[np.arange(len(pieces)), pieces] = 1
        for word in words:
            shares[:, kinds + self._row[word]] += 1
        return shares

    def _told(self, word: str) -> str:
        """Returns the message about an unknown word."""
        near = get_close_matches(word, self.words, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "no word is spelled like it"
        return f"no caption has the word “{word}”: {advice}"


def count_pieces(texts: Sequence[Sequence[str]], lengths: Sequence[int]) -> dict[str, int]:
    """Returns how many features each word has: text networks cut rare words into pieces.

    Every word has at least one. So a caption with as many features as words settles all its words,
    and one with a single open word settles that. Where nothing is settled any more, a caption with
    few features too many is chosen, and its longest open word taken for the one that was cut.

    Args:
        texts: words of each caption. lengths: number of features of each.
    """
    pieces: dict[str, int] = {}
    captions = [(Counter(words), size) for words, size in zip(texts, lengths, strict=True)]
    while captions := [one for one in captions if any(word not in pieces for word in one[0])]:
        still = []  # features too many, open words, and how often each comes
        for words, size in captions:
            extra = size - sum(pieces.get(word, 1) * many for word, many in words.items())
            still.append((max(0, extra), [word for word in words if word not in pieces], words))
        sure = [one for one in still if one[0] == 0 or len(one[1]) == 1]
        for extra, unsettled, words in sure or [min(still, key=lambda one: one[0])]:
            longest = max(unsettled, key=len)
            pieces |= dict.fromkeys(unsettled, 1)
            pieces[longest] += extra // words[longest]
    return pieces
