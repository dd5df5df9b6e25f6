"""Lesson 3: where a chosen frame looks: a line goes to each frame seen, as wide as its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from prvr_lite.course.slider import slider
from prvr_lite.plots import page

TOP, FOOT = 0.9, 0.1  # where the frames looked at, and the one that looks, stand in a panel
ABOUT: Final = "a line is as wide as its weight"


def attention_slider(
    weight: Sequence[object], names: Sequence[str], *, static: Sequence[int], title: str
) -> Any:
    """Returns a slider over the frame that looks; without one, a panel for each of a few frames.

    Args:
        weight: one [L, L] matrix per head. names: what each of the L frames shows.
        static: frames that are drawn where no slider can be driven. title: of the picture.
    """
    return slider(
        lambda frame: attention_lines(weight, names, [frame], title=title),
        values=range(len(names)),
        label="frame",
        static=lambda: attention_lines(weight, names, static, title=title),
    )


@page.house_style
def attention_lines(
    weight: Sequence[object], names: Sequence[str], frames: Sequence[int], *, title: str
) -> page.Picture:
    """Draws a panel for each frame that looks: all frames above, this frame below, lines between.

    Args:
        weight: one [L, L] matrix for each head, rows (frames that look) adding up to 1.
        names: what each of the L frames shows. frames: those that look, one panel each.
        title: a headline.
    Returns:
        a Figure with axes "frame 3", …; a line's width is its weight, a colour is a head.
    Raises:
        ValueError: a weight that does not fit the names.
    """
    square = (len(names), len(names))
    heads = [page.finite(w, f"head {i}", ndim=2, shape=square) for i, w in enumerate(weight)]
    about = f"{ABOUT}; head 0 blue and head 1 orange" if len(heads) == 2 else ABOUT
    looks = [_in_words(heads, names, frame) for frame in frames]
    alt = f"Lines from frames to the frames they attend: {'; '.join(looks)}."
    mosaic, high = [[f"frame {frame}"] for frame in frames], 1.4 * len(frames) + 0.2
    picture, axes = page.panels(page.heading(title, about), mosaic, high, alt=alt)
    for frame in frames:
        _draw(axes[f"frame {frame}"], heads, names, frame)
    return picture


def _draw(axes: Axes, heads: list[page.Array], names: Sequence[str], frame: int) -> None:
    """Draws the frames of the film in a row, the frame that looks below it, and its lines."""
    for i, matrix in enumerate(heads):
        shift = 0.12 * (i - (len(heads) - 1) / 2)  # heads side by side, not on top of each other
        look: dict[str, Any] = {"color": page.CYCLE[i % len(page.CYCLE)], "label": f"head {i}"}
        for seen, share in enumerate(matrix[frame].tolist()):
            ends = [frame + shift, seen + shift], [FOOT + 0.1, TOP - 0.1]
            axes.plot(*ends, lw=9 * share, alpha=0.75, zorder=1, **look)
    boxes = [(i, TOP, name, "white") for i, name in enumerate(names)]
    for x, y, name, face in [*boxes, (frame, FOOT, names[frame], page.RULE)]:
        box = {"boxstyle": "round,pad=0.3", "fc": face, "ec": page.INK, "lw": 0.8}
        axes.text(x, y, page.plain(name), ha="center", va="center", size=10.5, bbox=box)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1))
    axes.axis("off")


def _in_words(heads: list[page.Array], names: Sequence[str], frame: int) -> str:
    """Returns in words where each head looks most from a frame."""
    looks = []
    for i, matrix in enumerate(heads):
        seen = int(matrix[frame].argmax())
        looks.append(f"frame {seen} ({names[seen]}, {matrix[frame, seen]:.0%}, head {i})")
    return f"frame {frame} ({names[frame]}) looks most at {', '.join(looks)}"
