"""The picture at the head of every lesson."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, words
from matplotlib.colors import to_hex

from prvr_lite.course.pictures.roadmap import LESSONS, PARTS, roadmap
from prvr_lite.plots import page


@pytest.mark.parametrize("lesson", range(1, LESSONS + 1))
def test_every_lesson_lights_its_parts_and_every_name_fits(lesson: int) -> None:
    picture = roadmap(lesson)
    assert_readable(picture)
    boxes = {str(box.get_label()): box for box in picture.axes[0].patches}
    lit = {name for name, box in boxes.items() if to_hex(box.get_facecolor()) == page.BLUE.lower()}
    built = {name for name, (*_, lessons) in PARTS.items() if lesson in lessons}
    assert lit == (built or set(PARTS))
    drawn = words(picture)
    for name, box in boxes.items():
        room = box.get_window_extent()
        inside = [
            one for _, one in drawn if room.x0 < one.x0 < room.x1 and room.y0 < one.y0 < room.y1
        ]
        text, numbers = sorted(inside, key=lambda one: one.x0)
        assert text.x1 < numbers.x0 < numbers.x1 < room.x1, name
        assert max(text.y1, numbers.y1) < room.y1, name


def test_no_such_lesson() -> None:
    with pytest.raises(ValueError, match="there is no lesson 14"):
        roadmap(14)
