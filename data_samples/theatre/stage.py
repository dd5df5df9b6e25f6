"""How each deed looks. Every frame shows it: by pose, by the thing in use, by comic signs.

Places and sizes are in units of the actor; ``t`` is in seconds, ``u`` runs from 0 to 1 in a shot.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from math import sin

from .canvas import Canvas
from .plot import Step

ABOVE = ("idea", "balance", "juggle", "love", "float")  # deeds that need room above the actor


@dataclass(frozen=True)
class Pose:
    """Where and how large the actor is, where it faces (+1: right), how fast it moves (rad/s)."""

    x: float
    y: float
    size: float
    facing: int
    tempo: float

    @property
    def flip(self) -> bool:
        """Most emoji look to the left."""
        return self.facing > 0


@dataclass(frozen=True)
class Act:
    """One frame's worth of a deed."""

    canvas: Canvas
    step: Step
    pose: Pose
    x: float
    y: float
    t: float
    u: float

    def hero(self, dx: float = 0, dy: float = 0, scale: float = 1, turn: float = 0) -> None:
        """The actor, moved by parts of its size."""
        z = self.pose.size
        self.canvas.put(
            self.step.actor, self.x + dx * z, self.y + dy * z, z * scale, turn, self.pose.flip
        )

    def add(
        self, emoji: str, dx: float, dy: float, scale: float, turn: float = 0, flip: bool = False
    ) -> None:
        """Something beside the actor, placed and sized by parts of the actor's size."""
        z = self.pose.size
        self.canvas.put(emoji, self.x + dx * z, self.y + dy * z, z * scale, turn, flip)


def sleep(act: Act) -> None:
    act.hero(0, 0.1 + 0.02 * sin(act.t), turn=-80 * act.pose.facing)
    act.add("💤", 0.45, -0.5 + 0.06 * sin(2 * act.t), 0.8)


def dance(act: Act) -> None:
    swing = sin(act.pose.tempo * act.t)
    act.hero(0.13 * swing, 0, turn=18 * swing)
    act.add("🎵", -0.65, -0.3 + 0.09 * sin(act.t + 1), 0.55, 10 * sin(act.t))
    act.add("🎶", 0.65, -0.45 + 0.09 * sin(act.t), 0.65)


def spin(act: Act) -> None:
    act.add("🌀", 0, 0, 1.5, -40 * act.t)
    act.hero(0, 0, 0.85, 60 * act.t * act.pose.tempo)


def cry(act: Act) -> None:
    act.hero(0, 0.03 * sin(act.t), turn=-8)
    for drop in range(3):
        act.add("💧", -0.35 + 0.35 * drop, -0.05 + (act.t * 0.33 + drop * 0.26) % 0.67, 0.27)
    act.add("💦", 0.5, -0.2, 0.4)


def angry(act: Act) -> None:
    act.hero(0.04 * sin(9 * act.t), 0, 1.05, 4 * sin(7 * act.t))
    act.add("💢", 0.4, -0.5, 0.45 + 0.06 * sin(3 * act.t))
    act.add("💢", -0.45, -0.4, 0.32)


def party(act: Act) -> None:
    act.hero(0, -0.06 * abs(sin(3 * act.t)), turn=6 * sin(2 * act.t))
    act.add("🎉", -0.65, -0.1, 0.55, 8 * sin(act.t))
    act.add("🎊", 0.55, -0.6, 0.6, 10 * sin(act.t + 1))


def idea(act: Act) -> None:
    act.hero(0, 0.02 * sin(3 * act.t), turn=4 * sin(2 * act.t))
    act.add("💡", 0.1, -0.82 + 0.03 * sin(2 * act.t), 0.5 + 0.06 * sin(3 * act.t))


def float_up(act: Act) -> None:
    rise = 0.12 - 0.42 * act.u
    for string in (-1, 0, 1):
        act.add(
            "🎈",
            0.33 * string + 0.04 * sin(act.t + string),
            rise - 0.75 - 0.09 * (string == 0),
            0.5,
            -12 * string,
        )
    act.hero(0.06 * sin(act.t), rise, 0.85, 6 * sin(act.t))


def eat(act: Act) -> None:
    side = act.pose.facing
    act.hero(0, 0, turn=5 * sin(3 * act.t))
    act.add(
        act.step.thing, 0.5 * side, 0.25 - 0.04 * abs(sin(4 * act.t)), 0.8 - 0.2 * (act.t * 0.3 % 1)
    )
    act.add("🍴", -0.6 * side, -0.3, 0.55, 15 * side + 12 * sin(4 * act.t))


def perform(act: Act) -> None:
    act.hero(0, 0, turn=8 * sin(2 * act.t))
    act.add(act.step.thing, 0.4 * act.pose.facing, 0.3, 0.75, 10 * sin(4 * act.t))


def balance(act: Act) -> None:
    act.hero(0, 0.08, turn=3 * sin(2 * act.t))
    act.add(act.step.thing, 0.03 * sin(2 * act.t), -0.62, 0.8, 8 * sin(2 * act.t))


def juggle(act: Act) -> None:
    act.hero(0, 0.12, turn=4 * sin(3 * act.t))
    for ball in range(3):
        phase = act.t * act.pose.tempo + ball * 2 * math.pi / 3
        act.add(
            act.step.thing, 0.75 * math.cos(phase), -0.3 - 0.55 * abs(sin(phase)), 0.42, 60 * act.t
        )


def hide(act: Act) -> None:
    side = act.pose.facing
    act.hero(side * (0.36 + 0.14 * sin(act.t)), -0.26, 0.9, -10 * side)
    act.add(act.step.thing, -0.2 * side, 0.16, 0.95)


def chase(act: Act) -> None:
    side, step, size = act.pose.facing, act.step, 0.8 * act.pose.size
    middle = 0.5 + 0.08 * side * (2 * act.u - 1)  # two need the whole width

    def put(emoji: str, ahead: float, up: float, scale: float, turn: float, flip: bool) -> None:
        act.canvas.put(emoji, middle + side * ahead, act.y - up * size, scale * size, turn, flip)

    put(step.partner, 0.2, 0.05 * abs(sin(5 * act.t)), 1, -8 * side, act.pose.flip)
    put(step.actor, -0.15, 0.08 * abs(sin(5 * act.t + 1)), 1, -8 * side, act.pose.flip)
    for puff in (0, 1):
        put("💨", -0.32 - 0.06 * puff, 0.5 * puff - 0.35, 0.5, 0, not act.pose.flip)


def love(act: Act) -> None:
    act.canvas.put(
        act.step.actor, act.x - 0.48 * act.pose.size, act.y, act.pose.size * 0.85, -6, True
    )
    act.add(act.step.partner, 0.48, 0.03 * sin(2 * act.t + 1), 0.85, 6)
    act.add("❤", 0, -0.6 - 0.04 * sin(2 * act.t), 0.68 + 0.07 * sin(4 * act.t))


def fight(act: Act) -> None:
    gap = 0.55 + 0.08 * sin(5 * act.t)
    act.canvas.put(
        act.step.actor,
        act.x - gap * act.pose.size,
        act.y,
        act.pose.size * 0.85,
        12 * sin(6 * act.t),
        True,
    )
    act.add(act.step.partner, gap, 0, 0.85, -12 * sin(6 * act.t))
    act.add("💥", 0, -0.1, 0.65 + 0.1 * sin(7 * act.t))


DRAWINGS: dict[str, Callable[[Act], None]] = {
    "sleep": sleep,
    "dance": dance,
    "spin": spin,
    "cry": cry,
    "angry": angry,
    "party": party,
    "idea": idea,
    "float": float_up,
    "eat": eat,
    "perform": perform,
    "balance": balance,
    "juggle": juggle,
    "hide": hide,
    "chase": chase,
    "love": love,
    "fight": fight,
}


def play(canvas: Canvas, step: Step, pose: Pose, t: float, u: float) -> None:
    """Draw one frame of a step; the actor drifts slowly to where it faces."""
    drift = pose.facing * 0.08 * (u - 0.5)
    DRAWINGS[step.deed](Act(canvas, step, pose, pose.x + drift, pose.y, t, u))
