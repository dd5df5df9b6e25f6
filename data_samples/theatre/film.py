"""From a film's script to its frames: shots, camera moves, entrances, filler."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sin

import numpy as np
from PIL import Image

from .canvas import Canvas
from .dice import Dice
from .plot import Step
from .scenery import backdrop
from .script import FPS, Filler, Film, Moment
from .stage import ABOVE, Pose, play
from .world import DEEDS

DRAWING_VERSION = 1  # raise it when a change alters pictures, so that features are redone
Late = tuple[float, ...]
ENTRANCE: Late = (0.3, 0.12)  # how far off the actor is in a longer moment's first frames
NO_ENTRANCE = ("float", "chase", "love", "fight")
SHOT = (4, 8)  # frames
STROLLER = 0.2  # size: small, so that a passer-by never looks like a player
CLUTTER_SIZE = (0.11, 0.18)


@dataclass(frozen=True)
class Camera:
    """A slow move: magnification and middle at the first and at the last frame of a shot."""

    zoom: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def draw(cls, dice: Dice) -> Camera:
        def two(low: float, high: float) -> tuple[float, float]:
            return dice.between(low, high), dice.between(low, high)

        return cls(two(1.0, 1.16), two(-0.06, 0.06), two(-0.05, 0.05))

    def shoot(self, canvas: Canvas, u: float) -> Image.Image:
        """The picture at u in [0, 1] of the shot."""
        zoom, x, y = (first + (last - first) * u for first, last in (self.zoom, self.x, self.y))
        return canvas.view(zoom, x, y)


def _shots(dice: Dice, length: int) -> list[int]:
    """Cut a step into shots."""
    shots: list[int] = []
    while length > SHOT[1]:
        shots.append(min(dice.whole(*SHOT), length - 2))
        length -= shots[-1]
    return [*shots, length]


def _new_pose(dice: Dice, pose: Pose) -> Pose:
    """The same scene from elsewhere: nearer, farther, from the other side."""
    return replace(
        pose,
        x=min(0.64, max(0.36, pose.x + dice.between(-0.14, 0.14))),
        size=pose.size * dice.between(0.88, 1.12),
        facing=pose.facing if dice.chance(0.6) else -pose.facing,
    )


def _fit(pose: Pose, step: Step) -> Pose:
    """Room for two, and room above."""
    size = pose.size * 0.85 if DEEDS[step.deed].kind == "partner" else pose.size
    return replace(pose, size=size, y=max(pose.y, 0.64) if step.deed in ABOVE else pose.y)


def _instants(length: int, finer: int) -> list[float]:
    """When pictures are taken of so many frames, counted in frames: ``finer`` for each frame."""
    return [index / finer for index in range(length * finer)]


def _shot_frames(
    camera: Camera,
    view: Image.Image,
    step: Step,
    pose: Pose,
    time: float,
    instants: list[float],
    late: Late,
) -> Iterator[Image.Image]:
    """One shot of a step that begins at ``time``; in its first frames the actor is ``late``."""
    last = max(1, int(instants[-1]))
    for frame in instants:
        u = min(1.0, frame / last)
        off = float(np.interp(frame, range(len(late) + 1), (*late, 0.0)))
        canvas = Canvas(view.copy())
        play(canvas, step, replace(pose, x=pose.x - pose.facing * off), time + frame / FPS, u)
        yield camera.shoot(canvas, u)


def _moment_frames(dice: Dice, moment: Moment, finer: int) -> Iterator[Image.Image]:
    """One or two steps by one actor; a new shot every few frames, often of another corner."""
    view = backdrop(dice, moment.place)
    facing = dice.pick((-1, 1))
    x, y, size = dice.between(0.4, 0.6), dice.between(0.54, 0.7), dice.between(0.38, 0.47)
    pose = Pose(x, y, size, facing, dice.between(2, 3.4))
    late = ENTRANCE if moment.length >= 8 and moment.plot.steps[0].deed not in NO_ENTRANCE else ()
    for number, (step, length) in enumerate(zip(moment.plot.steps, moment.lengths, strict=True)):
        time, begun = dice.between(0, 6), 0
        for shot in _shots(dice, length):
            if begun:
                pose = _new_pose(dice, pose)
            if (begun or number) and dice.chance(0.4):
                view = backdrop(dice, moment.place)
            camera, seen = Camera.draw(dice), _fit(pose, step)
            instants = _instants(shot, finer)
            yield from _shot_frames(camera, view, step, seen, time + begun / FPS, instants, late)
            begun, late = begun + shot, ()


@dataclass(frozen=True)
class Item:
    """A small thing in the air; ``drift`` and ``bob`` are its moves, in picture sides."""

    emoji: str
    x: float
    y: float
    size: float
    turn: float
    drift: float
    bob: float

    @classmethod
    def draw(cls, dice: Dice, emoji: str, column: int) -> Item:
        x, y = (column + dice.between(0.25, 0.75)) / 4, dice.between(0.15, 0.5)
        size, turn = dice.between(*CLUTTER_SIZE), dice.between(-30, 30)
        drift, bob = dice.between(-0.013, 0.013), dice.between(-0.02, 0.02)
        return cls(emoji, x, y, size, turn, drift, bob)

    def put(self, canvas: Canvas, frame: float) -> None:
        x, y = self.x + self.drift * frame, self.y + self.bob * sin(frame / 2)
        canvas.put(self.emoji, x, y, self.size, self.turn)


def _filler_frames(dice: Dice, filler: Filler, finer: int) -> Iterator[Image.Image]:
    """Nothing happens: small things hang in the air, or somebody strolls by far away."""
    view, camera = backdrop(dice, filler.place), Camera.draw(dice)
    columns = dice.shuffled(range(4))
    items = [
        Item.draw(dice, emoji, column)
        for emoji, column in zip(filler.clutter, columns, strict=False)
    ]
    facing, start, speed = dice.pick((-1, 1)), dice.between(0, 0.6), dice.between(0.04, 0.07)
    for frame in _instants(filler.length, finer):
        canvas = Canvas(view.copy())
        for item in items:
            item.put(canvas, frame)
        for number, emoji in enumerate(filler.strollers):
            x = (start + 0.55 * number + speed * frame) % 1.3 - 0.15
            x = x if facing > 0 else 1 - x
            canvas.put(emoji, x, 0.84 - 0.01 * (frame % 2), STROLLER, 0, facing > 0)
        yield camera.shoot(canvas, min(1.0, frame / max(1, filler.length - 1)))


def render(film: Film, finer: int = 1) -> Iterator[Image.Image]:
    """Yields the film's frames in order: RGB pictures of SIDE x SIDE pixels, FPS per second.

    With ``finer`` above 1 come as many pictures for each frame: the frame itself, and those that
    follow until the next one.
    """
    dice = Dice(f"{film.seed}/pictures")
    for scene in film.scenes:
        yield from (
            _moment_frames(dice, scene, finer)
            if isinstance(scene, Moment)
            else _filler_frames(dice, scene, finer)
        )
