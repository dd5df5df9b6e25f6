"""The places: sky, ground and what stands there, a little different in every shot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .canvas import SIDE, Canvas, Colour, gradient
from .dice import Dice

WATER: tuple[Colour, Colour] = ((40, 140, 210), (90, 200, 230))


@dataclass(frozen=True)
class Prop:
    """``count`` of an emoji, their middles between two heights, their sizes between two bounds."""

    emoji: str
    count: int
    height: tuple[float, float]
    size: tuple[float, float]


@dataclass(frozen=True)
class Scenery:
    """Colours from top to bottom, the height of the horizon, and the props."""

    sky: tuple[Colour, Colour]
    ground: tuple[Colour, Colour]
    horizon: float
    props: tuple[Prop, ...]


SCENERY: dict[str, Scenery] = {
    "beach": Scenery(
        ((90, 180, 250), (200, 235, 255)),
        ((245, 220, 150), (230, 190, 110)),
        0.62,
        (
            Prop("🌴", 2, (0.5, 0.6), (0.32, 0.42)),
            Prop("⛱", 1, (0.62, 0.7), (0.22, 0.27)),
            Prop("🐚", 2, (0.8, 0.92), (0.07, 0.1)),
        ),
    ),
    "sea": Scenery(
        ((40, 150, 200), (10, 60, 130)),
        ((200, 180, 120), (160, 140, 90)),
        0.88,
        (Prop("🪸", 3, (0.86, 0.92), (0.17, 0.25)), Prop("🫧", 4, (0.1, 0.7), (0.09, 0.15))),
    ),
    "night": Scenery(
        ((8, 10, 45), (40, 45, 100)),
        ((30, 60, 45), (15, 35, 30)),
        0.72,
        (
            Prop("🌙", 1, (0.15, 0.22), (0.18, 0.22)),
            Prop("⭐", 6, (0.05, 0.5), (0.04, 0.06)),
            Prop("🌲", 2, (0.66, 0.7), (0.18, 0.25)),
        ),
    ),
    "city": Scenery(
        ((150, 190, 230), (220, 225, 230)),
        ((110, 110, 118), (70, 70, 75)),
        0.75,
        (Prop("🏢", 2, (0.52, 0.58), (0.36, 0.47)), Prop("🏬", 2, (0.56, 0.6), (0.31, 0.4))),
    ),
    "forest": Scenery(
        ((150, 210, 230), (200, 235, 220)),
        ((60, 130, 60), (30, 90, 40)),
        0.6,
        (Prop("🌲", 4, (0.45, 0.6), (0.29, 0.45)), Prop("🌳", 3, (0.48, 0.62), (0.27, 0.4))),
    ),
    "snow": Scenery(
        ((170, 200, 230), (225, 235, 245)),
        ((250, 250, 255), (215, 225, 240)),
        0.58,
        (
            Prop("⛄", 1, (0.55, 0.66), (0.2, 0.27)),
            Prop("🏔", 2, (0.45, 0.52), (0.31, 0.4)),
            Prop("❄", 7, (0.05, 0.9), (0.05, 0.08)),
        ),
    ),
    "desert": Scenery(
        ((250, 190, 110), (255, 225, 160)),
        ((225, 165, 85), (190, 120, 60)),
        0.6,
        (Prop("🌵", 3, (0.56, 0.72), (0.2, 0.33)), Prop("☀", 1, (0.15, 0.22), (0.18, 0.22))),
    ),
    "space": Scenery(
        ((5, 0, 20), (30, 5, 60)),
        ((90, 90, 100), (60, 60, 70)),
        0.9,
        (
            Prop("🪐", 1, (0.2, 0.35), (0.22, 0.31)),
            Prop("⭐", 9, (0.05, 0.85), (0.04, 0.07)),
            Prop("🌍", 1, (0.15, 0.5), (0.15, 0.2)),
        ),
    ),
    "volcano": Scenery(
        ((90, 40, 50), (220, 110, 60)),
        ((70, 50, 50), (40, 30, 30)),
        0.68,
        (Prop("🌋", 1, (0.45, 0.5), (0.58, 0.67)), Prop("🔥", 3, (0.66, 0.9), (0.09, 0.13))),
    ),
    "room": Scenery(
        ((250, 235, 205), (240, 220, 190)),
        ((170, 115, 70), (140, 90, 55)),
        0.72,
        (
            Prop("🖼", 2, (0.2, 0.35), (0.18, 0.23)),
            Prop("🛋", 1, (0.62, 0.68), (0.38, 0.47)),
            Prop("🪴", 1, (0.6, 0.68), (0.18, 0.22)),
        ),
    ),
    "circus": Scenery(
        ((120, 60, 150), (220, 130, 190)),
        ((210, 160, 90), (180, 120, 60)),
        0.7,
        (Prop("🎪", 1, (0.46, 0.52), (0.54, 0.63)), Prop("🏮", 3, (0.1, 0.25), (0.1, 0.14))),
    ),
    "garden": Scenery(
        ((170, 225, 255), (225, 245, 255)),
        ((120, 200, 90), (80, 160, 60)),
        0.55,
        (Prop("🌷", 8, (0.6, 0.92), (0.11, 0.16)), Prop("🌈", 1, (0.3, 0.35), (0.54, 0.63))),
    ),
}


def _jitter(dice: Dice, colour: Colour) -> Colour:
    red, green, blue = (value + dice.between(-14, 14) for value in colour)
    return red, green, blue


def _scatter(dice: Dice, prop: Prop) -> list[tuple[float, float, float, bool]]:
    """(x, y, size, flip) of each; large props keep aside, where actors do not hide them."""
    count = max(1, prop.count + dice.whole(-1, 1)) if prop.count > 1 else 1
    placed = []
    for slot in range(count):
        x = (slot + dice.between(0.1, 0.9)) / count
        if prop.size[1] > 0.13 and 0.25 < x < 0.75 and dice.chance(0.75):
            x = dice.between(0, 0.22) if x < 0.5 else dice.between(0.78, 1)
        placed.append((x, dice.between(*prop.height), dice.between(*prop.size), dice.chance(0.5)))
    return placed


def backdrop(dice: Dice, place: str) -> Image.Image:
    """One view of a place, RGBA, without anybody in it."""
    scenery = SCENERY[place]
    horizon = round(SIDE * (scenery.horizon + dice.between(-0.05, 0.05)))
    sky = gradient(_jitter(dice, scenery.sky[0]), _jitter(dice, scenery.sky[1]), horizon)
    ground = gradient(
        _jitter(dice, scenery.ground[0]), _jitter(dice, scenery.ground[1]), SIDE - horizon
    )
    pixels = np.concatenate([sky, ground])  # [SIDE, SIDE, 3]
    if place == "beach":
        water = round(SIDE * 0.12)
        pixels[horizon - water : horizon] = gradient(*WATER, water)
    canvas = Canvas(Image.fromarray(pixels).convert("RGBA"))
    placed = [
        (y, prop.emoji, x, size, flip)
        for prop in scenery.props
        for x, y, size, flip in _scatter(dice, prop)
    ]
    for y, emoji, x, size, flip in sorted(placed):
        canvas.put(emoji, x, y, size, flip=flip)
    return canvas.image
