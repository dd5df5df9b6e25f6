"""Names beside points: as near as they can be without covering a name, a point or the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from prvr_lite.plots import page

Order = NDArray[np.int64]

GAP: Final = 0.11  # inches between a point's middle and its name
DOT: Final = 0.075  # half the room of a point
LINE: Final = 1.22  # height of a line of text by its size
HALO: Final = withStroke(linewidth=2.5, foreground="white")
# Costs of a place: an inch away, or nearer to another point; a square inch of names, of points, of
# lines covered; an inch of a name's line to its point hidden; an inch outside the panel.
FAR, WRONG, BLOT, COVER, CROSS, HIDE, OUTSIDE = 1.0, 3.0, 9000.0, 900.0, 60.0, 9.0, 9000.0


@dataclass(frozen=True)
class Named:
    """A point with its name: x, y and its whisker up and down are in the axes' data."""

    name: str
    x: float
    y: float
    color: str | tuple[float, float, float]
    whisker: float = 0.0
    size: float = 10
    weight: str = "normal"

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the name in inches, with a little air."""
        rows = self.name.split("\n")
        wide = max(page.text_width(row, self.size, self.weight) for row in rows)
        return wide + 0.04, LINE * self.size / 72 * len(rows) + 0.03


def name_points(axes: Axes, points: Sequence[Named], *, lines: page.Array | None = None) -> None:
    """Write each point's name beside it, with a thin line to it where it had to move away.

    Call it when the axes have their final place and limits.

    Args:
        lines: [S, 4] straight lines x0, y0, x1, y1 along an axis, in the axes' data, which names
            had better not cover.
    """
    if not points:
        return
    spots = _inches(axes, np.array([[p.x, p.y] for p in points]))
    size = np.array([p.extent for p in points])
    room = _inches(axes, np.array([[axes.get_xlim()[1], axes.get_ylim()[1]]]))[0]
    tips = _inches(axes, np.array([[p.x, p.y + p.whisker] for p in points]))
    dots = np.concatenate([spots - DOT, spots + DOT], axis=1)  # [P, 4]
    thin = np.concatenate([2 * spots - tips, tips], axis=1)
    if lines is not None:
        thin = np.concatenate([thin, _inches(axes, lines.reshape(-1, 2)).reshape(-1, 4)])
    weight = np.array([3.0 if p.weight == "bold" else 1.0 for p in points])
    places = _best_places(spots, size, weight, room, dots, _sorted(thin))
    for point, spot, box in zip(points, spots, places, strict=True):
        near = np.clip(spot, box[:2], box[2:])
        away = float(np.hypot(*(near - spot)))
        if away > 1.5 * GAP:
            ends = np.array([spot, near + 0.03 / away * (spot - near)]) / room
            axes.plot(
                *ends.T,
                transform=axes.transAxes,
                color=point.color,
                lw=0.9,
                zorder=2,
                label="_leader",
            )
        middle = (box[:2] + box[2:]) / 2 / room
        align = "left" if box[0] >= spot[0] else "right" if box[2] <= spot[0] else "center"
        axes.text(
            {"left": box[0] / room[0], "right": box[2] / room[0], "center": middle[0]}[align],
            middle[1],
            point.name,
            transform=axes.transAxes,
            ha=align,
            va="center",
            color=point.color,
            size=point.size,
            weight=point.weight,
            linespacing=1.1,
            parse_math=False,
            zorder=4,
            path_effects=[HALO],
        )


def _inches(axes: Axes, data: page.Array) -> page.Array:
    """[P, 2] positions in the data as inches from the lower left corner of the axes."""
    figure = axes.get_figure()
    assert figure is not None
    pixels = np.asarray(axes.transData.transform(data), dtype=np.float64)
    return np.asarray((pixels - axes.bbox.p0) / figure.dpi)


def _sorted(lines: page.Array) -> page.Array:
    """The lines [S, 4] as boxes, lower left corner first."""
    ends = lines.reshape(-1, 2, 2)
    return np.concatenate([ends.min(1), ends.max(1)], axis=1)


def _best_places(
    spots: page.Array,
    size: page.Array,
    weight: page.Array,
    room: page.Array,
    dots: page.Array,
    thin: page.Array,
) -> page.Array:
    """A box for each name [P, 4], the cheapest arrangement found from several beginnings."""
    boxes = np.stack([_candidates(s, z) for s, z in zip(spots, size, strict=True)])  # [P, C, 4]
    leaders = np.stack([_leader(s, b) for s, b in zip(spots, boxes, strict=True)])  # [P, C, L, 2]
    fixed = _fixed_costs(spots, boxes, leaders, room, dots, thin) * weight[:, None]  # [P, C]
    pairs = _pair_costs(boxes, leaders)
    rng = np.random.default_rng(0)
    found = [_settle(rng.permutation(len(spots)), fixed, pairs) for _ in range(40)]
    best, _ = min(found, key=lambda one: one[1])
    return np.asarray(boxes[np.arange(len(spots)), best])


def _settle(order: Order, fixed: page.Array, pairs: page.Array) -> tuple[Order, float]:
    """Names take their cheapest place in turn until none moves: places [P], and the cost in all."""
    every = np.arange(len(fixed))
    chosen, placed = np.zeros(len(fixed), dtype=np.int64), np.zeros(len(fixed))
    for _ in range(8):
        before = chosen.copy()
        for i in order:
            chosen[i] = (fixed[i] + pairs[i][:, every, chosen] @ placed).argmin()
            placed[i] = 1
        if (chosen == before).all():
            break
    crowding = pairs[every, chosen][:, every, chosen].sum() / 2
    return chosen, float(fixed[every, chosen].sum() + crowding)


def _pair_costs(boxes: page.Array, leaders: page.Array) -> page.Array:
    """What places of two names cost each other [P, C, P, C]: covered area, hidden lines."""
    names, places = boxes.shape[:2]
    flat = boxes.reshape(-1, 4)
    hidden = np.stack([_hidden(one, flat) for one in leaders]).reshape(names, places, names, places)
    covered = np.stack([_overlap(one, flat) for one in boxes]).reshape(hidden.shape)
    cost = BLOT * covered + HIDE * (hidden + hidden.transpose(2, 3, 0, 1))
    cost[np.arange(names), :, np.arange(names)] = 0
    return np.asarray(cost)


def _fixed_costs(
    spots: page.Array,
    boxes: page.Array,
    leaders: page.Array,
    room: page.Array,
    dots: page.Array,
    thin: page.Array,
) -> page.Array:
    """What each place costs whatever the other names do, [P, C]."""
    near = np.clip(spots[:, None, None], boxes[None, ..., :2], boxes[None, ..., 2:])
    all_away = np.linalg.norm(near - spots[:, None, None], axis=-1)  # [P, P, C] point, name, place
    away = np.diagonal(all_away).T  # [P, C]
    lift = np.abs((boxes[..., 1] + boxes[..., 3]) / 2 - spots[:, None, 1])
    cost = FAR * (away + 0.3 * lift) + WRONG * (away - all_away.min(0))  # near another point?
    outside = np.maximum(0.03 - boxes[..., :2], 0) + np.maximum(boxes[..., 2:] + 0.03 - room, 0)
    cost += OUTSIDE * outside.sum(-1)
    for i in range(len(spots)):
        cost[i] += COVER * _overlap(boxes[i], dots).sum(1)
        cost[i] += CROSS * _overlap(boxes[i], thin).sum(1)
        others = np.delete(dots, i, axis=0)  # its own point is no obstacle
        cost[i] += HIDE * _hidden(leaders[i], others).sum(1)
    return np.asarray(cost)


def _candidates(spot: page.Array, size: page.Array) -> page.Array:
    """Boxes around a point [C, 4]: in columns right and left of it, in rows above and below."""
    wide, high = size
    steps = np.arange(-12, 13) * 0.1
    middles = [
        (spot[0] + side * (gap + wide / 2), spot[1] + step)
        for gap in (GAP, 0.3)
        for side in (1, -1)
        for step in steps
    ]
    middles += [
        (spot[0] + share * wide, spot[1] + side * (GAP + lift + high / 2))
        for side in (1, -1)
        for lift in (0.0, 0.1, 0.2, 0.35)
        for share in (0.0, 0.2, -0.2, 0.4, -0.4)
    ]
    middle, half = np.array(middles), np.array([wide, high]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _leader(spot: page.Array, boxes: page.Array) -> page.Array:
    """Points along the line from a point to each of its boxes, [C, L, 2]; the point left out."""
    near = np.clip(spot, boxes[:, :2], boxes[:, 2:])
    parts = np.linspace(0.1, 0.97, 12)[:, None]
    return np.asarray(spot + parts * (near - spot)[:, None])


def _overlap(boxes: page.Array, others: page.Array) -> page.Array:
    """Area shared by each of [C, 4] with each of [O, 4]; thin ones count as a hundredth wide."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2] - 0.005)
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:] + 0.005)
    return np.asarray(np.clip(high - low, 0, None).prod(-1))


def _hidden(paths: page.Array, boxes: page.Array) -> page.Array:
    """Inches of each path [C, L, 2] that lie in each of the boxes [O, 4], [C, O]."""
    x, y = paths[:, :, None, 0], paths[:, :, None, 1]  # [C, L, 1]
    inside = (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])
    length = np.linalg.norm(paths[:, -1] - paths[:, 0], axis=-1)
    return np.asarray(inside.mean(1) * length[:, None])
