"""Captions with line breaks, quotes, byte order marks and numbers as people and programs write."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from prvr_lite.files import FileFormatError
from prvr_lite.videos.caption_table import CaptionRow, read_caption_table

CASES = Path(__file__).parents[1] / "cases/captions"


def read(tmp_path: Path, content: str | bytes) -> list[CaptionRow]:
    path = tmp_path / "captions"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_caption_table(path)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("c2.csv", ["a dog jumps into the water"]),
        ("c2n.csv", ["a dog jumps into the water"]),
        ("captions_newline_in_quotes.csv", ["A dog jumps into the water"]),
        ("c1.jsonl", ["a dog\u2028jumps", "plain"]),
        ("c1b.jsonl", ["a dog\u0085jumps"]),
        ("c7.tsv", ["a dog\u2028jumps"]),
    ],
)
def test_line_breaks_in_a_text(name: str, texts: list[str]) -> None:
    assert [caption.text for caption in read_caption_table(CASES / name)] == texts


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, mark: str) -> None:
    for content in (
        f"video,text\na,one{mark}two\nb,three\n",
        f"a\tone{mark}two\nb\tthree\n",
        f'{{"video": "a", "text": "one{mark}two"}}\n{{"video": "b", "text": "three"}}\n',
    ):
        one, two = read(tmp_path, content)
        assert (one.text, one.line) == (f"one{mark}two", content.count("\n") - 1)
        assert (two.video, two.text) == ("b", "three")


def test_a_row_of_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    rows = read(tmp_path, 'video,text\na,"x\r\n\r\ny"\n\n"b",  z\r\n')
    assert [(row.text, row.line) for row in rows] == [("x y", 2), ("z", 6)]
    with pytest.raises(FileFormatError, match="line 4: has 3 cells for 2 columns"):
        read(tmp_path, 'video,text\na,"x\ny"\nb,"1\n2",3\n')


@pytest.mark.parametrize(("name", "line"), [("c9.csv", 3), ("captions_unclosed_quote.csv", 2)])
def test_an_unclosed_quote_names_its_line(name: str, line: int) -> None:
    with pytest.raises(FileFormatError, match=rf"{name}, line {line}: is not a row of CSV"):
        read_caption_table(CASES / name)


def test_an_unclosed_quote_anywhere(tmp_path: Path) -> None:
    for rows, line in ((['a,"x', 'b,"y"'], 2), (["a,x", 'b,"y'], 3), (['"a,x', "b,y"], 2)):
        with pytest.raises(FileFormatError, match=f"captions, line {line}: is not a row of CSV"):
            read(tmp_path, "\n".join(["video,text", *rows, ""]))


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (f'video,text\na,x\nb,"{"a" * 140_000}"\n', 3, "larger than field limit"),
        (f"a\tx\nb\t{'a' * 140_000}\n", 2, "larger than field limit"),
        ("video,text\na,x\nb,y\0z\n", 3, "NUL"),
        ('{"video": "a", "text": "x\\u0000"}\n', 1, "NUL"),
        ('{"video":' + "[" * 100_000 + "\n", 1, "nested too deeply"),
        ('{"video": "a", "text": "a\\ud800"}', 1, "surrogate"),
        ('{"video": "\\udfff", "text": "a"}', 1, "surrogate"),
        ('{"video": ["a"], "text": "a"}', 1, "its video is not a text"),
        ('{"video": "a", "text": "a", "start": 1, "end": ' + "9" * 400 + "}", 1, "is not a time"),
        ('{"video": "a", "text": "a", "end": ' + "9" * 5000 + "}", 1, "is not a JSON object"),
        ("a\tx\nb\t\xff\n".encode("latin-1"), 2, "is not UTF-8"),
    ],
)
def test_what_cannot_be_a_caption_is_one_line(
    tmp_path: Path, content: str | bytes, line: int, problem: str
) -> None:
    with pytest.raises(FileFormatError, match=rf"captions(, line|: line) {line}\b") as error:
        read(tmp_path, content)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_byte_order_marks(tmp_path: Path) -> None:
    for content in ("video,text\na,x\n", "a\tx\n", '{"video": "a", "text": "x"}\n'):
        (row,) = read(tmp_path, codecs.BOM_UTF8 + content.encode())
        assert (row.video, row.text) == ("a", "x")
        for wide in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            with pytest.raises(FileFormatError, match=r"UTF-16.*save it as UTF-8") as error:
                read(tmp_path, content.encode(wide))
            assert "\n" not in str(error.value)
