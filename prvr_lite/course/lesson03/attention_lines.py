"""Which frames a frame looks at: a line to each, as strong as its weight."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from prvr_lite.plots.canvas import (
    CYCLE,
    INK,
    RULE,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
    plain,
)
from prvr_lite.plots.heading import heading, stack

TOP, FOOT = 0.9, 0.1  # where the frames looked at, and the one that looks, stand in a panel


@house_style
def attention_lines(
    weight: Sequence[object],
    names: Sequence[str],
    frames: Sequence[int],
    *,
    title: str = "Where does a frame look?",
) -> Picture:
    """One panel for each frame that looks: the film above, the frame below, lines between.

    Args:
        weight: one [L, L] matrix a head, rows (frames that look) adding up to 1.
        names: what each of the L frames shows. frames: those that look, one panel each.
        title: a headline.
    Returns:
        a Figure with axes "frame 3", …; a line's width is its weight, a colour is a head.
    Raises:
        ValueError: weights, names or frames that do not fit together.
    """
    heads = _check(weight, names, frames)
    colors = " and ".join(f"head {i} {color}" for i, color in enumerate(("blue", "orange"), 0))
    about = "a line is as wide as its weight" + (f"; {colors}" if len(heads) == 2 else "")
    head = heading(title, about)
    rows = {f"frame {frame}": 1.25 for frame in frames}
    page = head.height + 0.2 + sum(rows.values()) + 0.2 * len(rows)
    picture = new_picture(WIDTH, page, alt=_alt(heads, names, frames))
    head.draw(picture)
    axes = stack(picture, rows, top=head.height + 0.2, left=0.22, right=0.22, gap=0.2)
    for frame in frames:
        _draw(axes[f"frame {frame}"], heads, names, frame)
    return picture


def _check(weight: Sequence[object], names: Sequence[str], frames: Sequence[int]) -> list[Array]:
    heads = [as_array(matrix, f"weight of head {i}", ndim=2) for i, matrix in enumerate(weight)]
    if not heads or not frames:
        raise ValueError("weight must hold a head, and frames a frame")
    for i, matrix in enumerate(heads):
        if matrix.shape != (len(names), len(names)):
            raise ValueError(f"head {i} has shape {matrix.shape} for {len(names)} names")
    for frame in frames:
        if not 0 <= frame < len(names):
            raise ValueError(f"there is no frame {frame}: frames go from 0 to {len(names) - 1}")
    return heads


def _draw(axes: Axes, heads: list[Array], names: Sequence[str], frame: int) -> None:
    """The film's frames in a row, the frame that looks under its own place, and its lines."""
    count = len(names)
    for i, matrix in enumerate(heads):
        shift = 0.12 * (i - (len(heads) - 1) / 2)  # heads side by side, not on top of each other
        for other, share in enumerate(matrix[frame].tolist()):
            axes.plot(
                [frame + shift, other + shift],
                [FOOT + 0.1, TOP - 0.1],
                lw=9 * share,
                color=CYCLE[i % len(CYCLE)],
                alpha=0.75,
                label=f"head {i}",
                zorder=1,
            )
    for other, name in enumerate(names):
        _box(axes, other, TOP, name, "white")
    _box(axes, frame, FOOT, names[frame], RULE)
    axes.set(xlim=(-0.5, count - 0.5), ylim=(0, 1))
    axes.axis("off")


def _box(axes: Axes, x: float, y: float, name: str, face: str) -> None:
    axes.text(
        x,
        y,
        plain(name),
        ha="center",
        va="center",
        size=10.5,
        color=INK,
        zorder=2,
        bbox={"boxstyle": "round,pad=0.3", "fc": face, "ec": INK, "lw": 0.8},
    )


def _alt(heads: list[Array], names: Sequence[str], frames: Sequence[int]) -> str:
    """For each frame, where each head looks most."""
    parts = [
        f"frame {frame} ({names[frame]}) looks most at "
        + ", ".join(
            f"frame {int(matrix[frame].argmax())} ({names[int(matrix[frame].argmax())]}, "
            f"{matrix[frame].max():.0%}, head {i})"
            for i, matrix in enumerate(heads)
        )
        for frame in frames
    ]
    return f"Lines from frames to the frames they attend: {'; '.join(parts)}."
