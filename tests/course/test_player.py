"""Films that play in a notebook."""

from __future__ import annotations

from base64 import b64decode
from html.parser import HTMLParser
from typing import Any

import pytest

from prvr_lite import load_sample
from prvr_lite.course import play
from prvr_lite.course.player import video_html
from prvr_lite.data.sample import sample_film
from prvr_lite.plots.page import alt_text


class Tags(HTMLParser):
    """Collects the tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_film_plays_and_its_moments_lie_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    with load_sample() as sample:
        video = sample.video_id.index("test_001b")
        picture = play(sample, video, title="A film")
    tags = Tags(shown[0]["text/html"])
    video_tag = tags.found["video"]
    assert {"controls", "muted", "loop", "playsinline"} <= set(video_tag)
    assert "autoplay" not in video_tag
    assert video_tag["aria-label"] == tags.text == shown[0]["text/plain"]
    assert "test_001b" in tags.text
    assert "29.0 s" in tags.text
    movie, poster = sample_film("test_001b")
    for path, data in ((movie, tags.found["source"]["src"]), (poster, video_tag["poster"])):
        assert b64decode(str(data).split("base64,")[1]) == path.read_bytes()
    assert "captioned moments: 0.5 to 1.5 s" in alt_text(picture)
    assert len(shown[0]["text/html"]) < 210_000


def test_words_about_a_film_are_escaped() -> None:
    movie, poster = sample_film("test_000a")
    tags = Tags(video_html(movie, poster, 'a "cat" & <b>dog</b>'))
    assert set(tags.found) == {"video", "source"}
    assert tags.found["video"]["aria-label"] == tags.text == 'a "cat" & <b>dog</b>'


def test_a_film_that_does_not_travel_is_named_with_those_that_do() -> None:
    with load_sample() as sample, pytest.raises(FileNotFoundError, match=r"test_001a.*test_001b"):
        play(sample, sample.video_id.index("test_001a"))
