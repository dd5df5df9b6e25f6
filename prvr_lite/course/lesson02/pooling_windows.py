"""How the frames of a film fall into units: one ribbon for each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    ORANGE,
    RULE,
    SKY,
    SOFT,
    VERMILION,
    WIDTH,
    Picture,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import heading, stack

FRAME, UNIT = (0.78, 1.0), (0.0, 0.22)  # where their rows lie in a panel
ABOUT = "frames above, units below; orange: a frame used once more; ×: a frame left out"


@dataclass(frozen=True)
class Windows:
    """T frames and the windows [start, stop) over them; an empty one has taken frame start."""

    total: int
    spans: tuple[tuple[int, int], ...]

    @property
    def again(self) -> list[bool]:
        """Of each window, whether its frames were in an earlier one too."""
        reached = [0, *(stop for _, stop in self.spans)]
        return [a < before for (a, _), before in zip(self.spans, reached, strict=False)]

    @property
    def unused(self) -> list[int]:
        """Frames that lie in no window."""
        used = {frame for start, stop in self.spans for frame in range(start, stop)}
        return [frame for frame in range(self.total) if frame not in used]

    def tell(self) -> str:
        """What is lost and what is repeated, in words."""
        lost, again = len(self.unused), sum(self.again)
        left_out = "every frame enters" if not lost else f"{lost} left out (×)"
        return f"{left_out}, {again} repeated" if again else left_out


@house_style
def pooling_windows(
    panels: Mapping[str, tuple[int, Sequence[int]]],
    *,
    title: str = "Which frames become which unit?",
    about: str = ABOUT,
) -> Picture:
    """Frames above, units below, and a ribbon from each window to its unit.

    Args:
        panels: name -> (number of frames T, bounds b_0..b_n as integers).
        title, about: heading.
    Returns:
        a Figure with one axes a panel.
    Raises:
        ValueError: bounds that fall, leave the film, or make no window; names the panel.
    """
    films = {name: _windows(name, total, bounds) for name, (total, bounds) in panels.items()}
    if not films:
        raise ValueError("panels must hold a film")
    head = heading(title, about)
    rows = dict.fromkeys(films, 0.86)
    page = head.height + 0.42 + sum(rows.values()) + 0.36 * (len(rows) - 1) + 0.15
    picture = new_picture(WIDTH, page, alt=_alt(title, films))
    head.draw(picture)
    top = head.height + 0.42
    axes = stack(picture, rows, top=top, left=0.22, right=0.22, gap=0.36)
    for name, film in films.items():
        _draw(axes[name], film)
        axes[name].set_title(name, size=11, pad=4, parse_math=False)
        axes[name].text(
            1,
            1.06,
            film.tell(),
            transform=axes[name].transAxes,
            ha="right",
            va="bottom",
            size=10.5,
            color=SOFT,
        )
    return picture


def _windows(name: str, total: int, bounds: Sequence[int]) -> Windows:
    whole = [int(b) for b in bounds]
    if len(whole) < 2 or any(z < a for a, z in pairwise(whole)):
        raise ValueError(f"{name!r}: bounds must be two or more numbers that never fall")
    if whole[0] < 0 or whole[-1] > total or whole[-2] >= total:
        raise ValueError(f"{name!r}: bounds {whole[0]}..{whole[-1]} leave the {total} frames")
    return Windows(total, tuple((a, max(z, a + 1)) for a, z in pairwise(whole)))


def _draw(axes: Axes, film: Windows) -> None:
    """Boxes of frames and units over the same width, and what joins them."""
    step, count = 1 / film.total, len(film.spans)
    colors = [ORANGE if again else (BLUE, SKY)[i % 2] for i, again in enumerate(film.again)]
    ribbons = [
        [
            (a * step, FRAME[0]),
            (z * step, FRAME[0]),
            ((i + 1) / count, UNIT[1]),
            (i / count, UNIT[1]),
        ]
        for i, (a, z) in enumerate(film.spans)
    ]
    boxes = [_box(i / count, (i + 1) / count, UNIT) for i in range(count)]
    frames = [_box(i * step, (i + 1) * step, FRAME) for i in range(film.total)]
    axes.add_collection(PolyCollection(frames, fc=RULE, ec="white", lw=0.6, label="frames"))
    pooled = [_box(a * step, z * step, FRAME) for a, z in film.spans]
    axes.add_collection(PolyCollection(pooled, fc=colors, ec="white", lw=0.6, alpha=0.55))
    axes.add_collection(PolyCollection(ribbons, fc=colors, lw=0, alpha=0.4, label="windows"))
    axes.add_collection(PolyCollection(boxes, fc=colors, ec="white", lw=0.6, label="units"))
    for frame in film.unused:
        middle = (frame + 0.5) * step
        axes.plot(middle, 0.89, marker="x", ms=7, mew=2, color=VERMILION, label="left out")
    if film.total <= 24:
        _number(axes, film.total, 0.89, skip=film.unused)
    if count <= 24:
        _number(axes, count, 0.11, color="white")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")


def _box(left: float, right: float, rows: tuple[float, float]) -> list[tuple[float, float]]:
    low, high = rows
    return [(left, low), (right, low), (right, high), (left, high)]


def _number(axes: Axes, count: int, y: float, color: str = INK, skip: Sequence[int] = ()) -> None:
    for i in set(range(count)) - set(skip):
        axes.text((i + 0.5) / count, y, str(i), ha="center", va="center", size=10, color=color)


def _alt(title: str, films: Mapping[str, Windows]) -> str:
    parts = [
        f"{name}: {film.total} frames into {len(film.spans)} units, {film.tell()}"
        for name, film in films.items()
    ]
    return f"{title} {'; '.join(parts)}."
