"""The picture at the head of every lesson."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable
from matplotlib.colors import to_hex
from matplotlib.text import Text

from prvr_lite.course.pictures.roadmap import LESSONS, PARTS, roadmap
from prvr_lite.plots import alt_text, page


@pytest.mark.parametrize("lesson", range(1, LESSONS + 1))
def test_every_lesson_lights_its_parts_and_every_name_fits(lesson: int) -> None:
    picture = roadmap(lesson)
    assert_readable(picture)
    axes = picture.axes[0]
    boxes = {str(box.get_label()): box for box in axes.patches}
    lit = {name for name, box in boxes.items() if to_hex(box.get_facecolor()) == page.BLUE.lower()}
    assert lit == {name for name, (*_, built, later) in PARTS.items() if lesson in built + later}
    assert set() < lit < set(PARTS)
    names = {text.get_text(): text for text in axes.texts}
    for name, box in boxes.items():
        room, text = box.get_window_extent(), names[name].get_window_extent()
        assert room.x0 + 3 < text.x0 < text.x1 < room.x1 - 3, name
        assert room.y0 + 3 < text.y0 < text.y1 < room.y1 - 3, name
        assert 0 <= room.x0 < room.x1 <= picture.bbox.x1, name


def test_lessons_beyond_the_path_light_what_they_come_back_to() -> None:
    shown = {lesson: alt_text(roadmap(lesson)) for lesson in (11, 12, 13)}
    assert "Lesson 11: film: frames; score S; sentence: words; ranking, maps; this" in shown[11]
    assert "Lesson 12: film: frames; sentence: words; training; this system" in shown[12]
    assert "The other parts are crossed out." in shown[13]
    assert not any(part in shown[13].split("Lesson 13")[1] for part in ("528", "medoids", "key"))
    crosses = [line.get_label() for line in roadmap(13).axes[0].lines]
    assert crosses == ["crossed out"] * 3
    assert not roadmap(12).axes[0].lines


def test_words_are_legible_at_400_pixels_and_two_lessons_do_not_read_as_one_number() -> None:
    texts = [text for text in roadmap(1).axes[0].findobj(Text) if text.get_text().strip()]
    assert len(texts) > 2 * len(PARTS)
    assert min(float(text.get_fontsize()) for text in texts) >= 13
    assert [text.get_text() for text in texts].count("1, 9") == 2


def test_no_such_lesson() -> None:
    with pytest.raises(ValueError, match="there is no lesson 14"):
        roadmap(14)
