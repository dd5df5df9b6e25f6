"""BigFile and its frame lists: what is written is read, by row, id and video."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prvr_lite.data.checks import all_finite
from prvr_lite.files import FileFormatError
from prvr_lite.paper import frame_lists
from prvr_lite.paper.bigfile import BigFile, write_bigfile
from prvr_lite.paper.frame_lists import read_frame_lists, write_frame_lists

IDS = [f"clip_{row}" for row in range(9)]


@pytest.fixture
def table(tmp_path: Path) -> np.ndarray:
    values = np.random.default_rng(0).standard_normal((9, 4)).astype("f4")
    write_bigfile(tmp_path / "big", IDS, values)
    return values


@pytest.mark.parametrize("rows", [[0], [2, 3, 4, 5], [8, 0, 3, 3], [5, 4, 3], [*range(9)], []])
def test_rows_in_the_order_asked_for(tmp_path: Path, table: np.ndarray, rows: list[int]) -> None:
    file = BigFile.open(tmp_path / "big")
    assert (file.ids, file.dim, len(file)) == (IDS, 4, 9)
    found = file.rows([IDS[row] for row in rows])
    assert found.dtype == np.float32
    assert found.shape == (len(rows), 4)
    assert np.array_equal(found, table[rows])
    found[:] = 0  # the caller's own
    assert np.array_equal(file.rows(IDS), table)


def test_the_bytes_are_those_of_the_format(tmp_path: Path, table: np.ndarray) -> None:
    """Row r at byte r * dim * 4, no header; ids may be separated by any white space."""
    folder = tmp_path / "big"
    assert (folder / "feature.bin").read_bytes() == table.astype("<f4").tobytes()
    assert (folder / "shape.txt").read_text().split() == ["9", "4"]
    (folder / "id.txt").write_bytes(" \xe9t\xe9 b\tc\r\nd\n\ne f g h i ".encode("latin-1"))
    file = BigFile.open(folder)
    assert file.ids == ["été", *"bcdefghi"]
    assert np.array_equal(file.rows(["i", "été"]), table[[8, 0]])


def test_an_unknown_id(tmp_path: Path, table: np.ndarray) -> None:
    with pytest.raises(FileFormatError, match=r"id\.txt: has no row 'clip_9'"):
        BigFile.open(tmp_path / "big").rows(["clip_1", "clip_9"])


def test_large_finite_numbers_are_finite(tmp_path: Path) -> None:
    """Their sum is not."""
    huge = np.full((3, 4), 3e38, "f4")
    write_bigfile(tmp_path, ["a", "b", "c"], huge)
    assert np.array_equal(BigFile.open(tmp_path).rows(["b"]), huge[:1])
    huge[1, 2] = -np.inf
    assert not all_finite(huge)


@pytest.mark.parametrize(
    ("ids", "shape"),
    [
        (["a"], (2, 3)),
        (["a", "a"], (2, 3)),
        (["a", "b c"], (2, 3)),
        (["a", ""], (2, 3)),
        (["a", "熊"], (2, 3)),
        (["a", "b"], (2,)),
        ([], (0, 3)),
    ],
)
def test_what_the_format_cannot_hold(tmp_path: Path, ids: list[str], shape: list[int]) -> None:
    with pytest.raises(ValueError, match="id"):
        write_bigfile(tmp_path / "big", ids, np.zeros(shape))
    assert not (tmp_path / "big").exists()


LETTERS = st.characters(codec="utf-8", exclude_characters="'\"\\\0")
NAME = st.text(LETTERS.filter(lambda letter: not letter.isspace()), min_size=1)
LISTS = st.dictionaries(NAME, st.lists(NAME, min_size=1, max_size=5), max_size=6)


@settings(max_examples=40)
@given(LISTS, st.integers(1, 60))
def test_frame_lists_round_trip_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, lists: dict[str, list[str]], piece: int
) -> None:
    """However the text falls apart while it is read; and Python itself reads the same."""
    path = tmp_path_factory.mktemp("lists") / "video2frames.txt"
    write_frame_lists(path, lists)
    assert ast.literal_eval(path.read_text(encoding="utf-8")) == lists
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_lists, "PIECE", piece)
        assert dict(read_frame_lists(path)) == lists


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ["b", "c"], "d": ["e"]}',
        "{'a': ['b',\n  'c',],\n 'd' : [ 'e' ] ,\n}\n",
        " {u'a': [u'b', u'c'], 'd': [\"e\"]} ",
    ],
)
def test_other_ways_to_write_the_same(tmp_path: Path, text: str) -> None:
    path = tmp_path / "video2frames.txt"
    path.write_text(text, encoding="utf-8")
    assert dict(read_frame_lists(path)) == {"a": ["b", "c"], "d": ["e"]}


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\b", "a\nb"])
def test_names_that_would_need_escapes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="quote"):
        write_frame_lists(tmp_path / "video2frames.txt", {"a": [name]})
