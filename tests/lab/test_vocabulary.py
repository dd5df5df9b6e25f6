"""Typed sentences become features like those of captions; unknown words are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feature_tables import ragged_table

from prvr_lite.data.batches import normalise
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features
from prvr_lite.lab.vocabulary import UnknownWordError, Vocabulary, count_pieces, words_of

DIM = 4
PIECES = {"giraffe": 3, "dizzily": 2}  # every other word has one feature
NOUNS, VERBS = ("owl", "cat", "giraffe"), ("sings", "dances dizzily", "sleeps")
TEXTS = [f"{a} {noun} {verb}." for a in ("A", "Here a") for noun in NOUNS for verb in VERBS]
TEXTS.remove("Here a giraffe dances dizzily.")  # seen by none, so that a test can type it
Make = Callable[..., Dataset]


def feature(text: str) -> np.ndarray[Any, Any]:
    """What a text network might give: each piece of a word, and what the sentence adds to it."""
    rng = np.random.default_rng(5)
    names = sorted({word for caption in TEXTS for word in words_of(caption)})
    own = {word: rng.standard_normal((PIECES.get(word, 1), DIM)) for word in names}
    added = {word: rng.standard_normal(DIM) for word in names}
    words = words_of(text)
    return np.concatenate([own[word] for word in words]) + sum(added[word] for word in words)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a data set of captions; each word has its features unless lengths say otherwise."""
    opened = []

    def dataset(texts: list[str] | None = None, cut: int = 0, **splits: list[int]) -> Dataset:
        captions = TEXTS * 30 if texts is None else texts
        features = [feature(text)[cut:] for text in captions]
        table = ragged_table([2, 2], [len(one) for one in features])
        table.query_text, table.query_video = captions, np.zeros(len(captions), int)
        table.word = np.concatenate(features).astype("f4")
        table.splits = {name: np.array(rows) for name, rows in (splits or {"train": [0]}).items()}
        write_features(tmp_path / "words.h5", table)
        opened.append(open_features(tmp_path / "words.h5"))
        return opened[-1]

    yield dataset
    for one in opened:
        one.close()


def test_words_and_marks() -> None:
    assert words_of("An owl, T-Rex  PAL: 熊") == [
        "an",
        "owl",
        ",",
        "t",
        "-",
        "rex",
        "pal",
        ":",
        "熊",
    ]
    assert words_of(" ") == []


def test_a_new_sentence_gets_what_its_words_give_and_add(make: Make) -> None:
    vocabulary = Vocabulary(make())
    typed = vocabulary.encode(" here A giraffe dances  dizzily .")
    assert typed.dtype == np.float32
    np.testing.assert_allclose(typed, feature("Here a giraffe dances dizzily."), atol=0.1)
    alone, seen = vocabulary.encode("owl"), vocabulary.encode("owl sings")
    assert np.abs(alone[0] - seen[0]).max() > 0.3  # a word is read in its sentence
    assert len(vocabulary) == 10
    assert "Giraffe" in vocabulary
    assert "zebra" not in vocabulary


@pytest.mark.parametrize(
    ("texts", "lengths", "pieces"),
    [
        (["a b", "a b c"], [2, 4], {"a": 1, "b": 1, "c": 2}),
        (["a a"], [4], {"a": 2}),  # one open word, however often
        (["b c d", "a d", "a"], [6, 3, 2], {"a": 2, "d": 1, "b": 4, "c": 1}),
        (["whirls dizzily"], [6], {"whirls": 1, "dizzily": 5}),  # together always: a guess
        (["tosses pizzas", "tosses cakes"], [4, 3], {"tosses": 2, "pizzas": 2, "cakes": 1}),
        (["a b", "c"], [1, 0], {"a": 1, "b": 1, "c": 1}),  # too few: every word has one
        ([], [], {}),
    ],
)
def test_pieces_are_counted(texts: list[str], lengths: list[int], pieces: dict[str, int]) -> None:
    assert count_pieces([text.split() for text in texts], lengths) == pieces


def test_captions_that_do_not_fit_are_left_aside(make: Make) -> None:
    broken = make([*TEXTS, "A cat sings."] * 30)
    broken.query_text[-1] = "A cat sings, and a word too many."
    vocabulary = Vocabulary(broken)
    assert "many" not in vocabulary
    np.testing.assert_allclose(vocabulary.encode(TEXTS[0]), feature(TEXTS[0]), atol=0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A girafe sleeps.", "no caption has the word “girafe”: did you mean giraffe?"),
        ("A zebra sleeps.", "“zebra”: no word is spelled like it"),
        ("A zebra, a zebra and a cat slept.", "“zebra”.*; .*“and”.*; .*“slept”: did you mean sl"),
        ("a snake_case sings", "“snake_case”"),
    ],
)
def test_unknown_words_are_named(make: Make, text: str, message: str) -> None:
    vocabulary = Vocabulary(make())
    with pytest.raises(UnknownWordError, match=message) as caught:
        vocabulary.encode(text)
    assert str(caught.value).count("zebra") <= 1  # each word once


@pytest.mark.parametrize("text", ["", "  ", ".", "?!"])
def test_a_sentence_needs_a_word(make: Make, text: str) -> None:
    with pytest.raises(ValueError, match="type a sentence first"):
        Vocabulary(make()).encode(text)


def test_unknown_marks_are_left_out(make: Make) -> None:
    vocabulary = Vocabulary(make())
    assert np.array_equal(vocabulary.encode("“A cat sings.”!"), vocabulary.encode("a cat sings."))


def test_a_split_without_captions(make: Make) -> None:
    dataset = make(train=[0], val=[1])
    with pytest.raises(ValueError, match=r"words\.h5: no caption in split 'val' to learn words"):
        Vocabulary(dataset, "val")


def test_fewer_features_than_words(make: Make) -> None:
    with pytest.raises(ValueError, match=r"words\.h5: .*don't match in number"):
        Vocabulary(make(["A owl sings.", "A cat sings."], cut=1))


def test_captions_of_the_sample_typed_again() -> None:
    """Nearly the features that the text network gave for captions nobody learned from."""
    with load_sample() as sample:
        vocabulary = Vocabulary(sample)
        rows = sample.queries_in("test")[::7]
        alike = []
        for text, own in zip(
            (sample.query_text[q] for q in rows), sample.words_of(rows), strict=True
        ):
            try:
                typed = vocabulary.encode(text)
            except UnknownWordError:
                continue
            assert typed.shape == own.shape, text
            alike.append((normalise(typed) * normalise(own)).sum(-1).mean())
    assert len(alike) >= 0.97 * len(rows)
    assert np.mean(alike) > 0.92
