"""Text that came from outside: read, compared and shown."""

from __future__ import annotations

import pytest

from prvr_lite.text import canonical_name, check_unicode, printable, read_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bär 熊 דב دب भालू 🐻 👩\u200d🚀 می\u200cخواهم", None),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x1b[0m\x07", r"\x1b[31mred\x1b[0m\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("evil\u202egpj.mp4\u2066x\u2069", r"evil\u202egpj.mp4\u2066x\u2069"),
        ("a\u2028b\u2029c\u0085d", r"a\u2028b\u2029c\x85d"),
        ("\ufeffa\ud800", r"\ufeffa\ud800"),
        (ValueError("two\nlines"), r"two\nlines"),
    ],
)
def test_what_is_printed_is_one_safe_line(text: object, shown: str | None) -> None:
    assert printable(text) == (text if shown is None else shown)


def test_names_that_look_the_same_are_the_same() -> None:
    assert canonical_name("Cafe\u0301") == canonical_name("Caf\u00e9") == "Caf\u00e9"
    assert canonical_name("\uff21") != "A", "letters of another width are other letters"


def test_json_from_outside() -> None:
    assert read_json('{"a": [1, "\u2028"]}') == {"a": [1, "\u2028"]}
    for text in ("[" * 100_000, '{"a":' * 50_000, "9" * 5000, "{", ""):
        with pytest.raises(ValueError, match=r"[a-z]") as error:
            read_json(text)
        assert "\n" not in str(error.value)
    for name in ("a\0", "a\udc00"):
        with pytest.raises(ValueError, match="holds"):
            check_unicode(name)
