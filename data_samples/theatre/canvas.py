"""A square picture on which emoji are put like stickers, each with a white outline.

Places and sizes are fractions of the picture's side, y points down, turns are anticlockwise
degrees.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

SIDE = 160  # pixels
FONT_SIZE = 109  # the one size of the font's bitmaps
OUTLINE = 2  # pixels
FONT_PLACES = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/Library/Fonts/NotoColorEmoji.ttf",
    "C:/Windows/Fonts/NotoColorEmoji.ttf",
)
Colour = tuple[float, float, float]


def font_path() -> Path:
    """Where NotoColorEmoji.ttf lies: $EMOJI_FONT, or the usual places of the system.

    Raises:
        FileNotFoundError: the font is in none of them.
    """
    for place in filter(None, (os.environ.get("EMOJI_FONT"), *FONT_PLACES)):
        if Path(place).is_file():
            return Path(place)
    raise FileNotFoundError(
        "NotoColorEmoji.ttf not found. Install it (Debian, Ubuntu: fonts-noto-color-emoji) "
        f"or set EMOJI_FONT to its path; platform {sys.platform}"
    )


@lru_cache(None)
def _glyph(emoji: str) -> Image.Image:
    font = ImageFont.truetype(str(font_path()), FONT_SIZE)
    image = Image.new("RGBA", (170, 170), (0, 0, 0, 0))
    ImageDraw.Draw(image).text((10, 10), emoji, font=font, embedded_color=True)
    box = image.getbbox()
    if box is None:
        raise ValueError(f"the font draws nothing for {emoji!r}")
    return image.crop(box)


@lru_cache(4096)
def sticker(emoji: str, pixels: int, turn: int = 0, flip: bool = False) -> Image.Image:
    """The emoji with its longer side ``pixels`` long, flipped, turned, and outlined in white."""
    glyph = _glyph(emoji)
    scale = pixels / max(glyph.size)
    size = (max(1, round(glyph.width * scale)), max(1, round(glyph.height * scale)))
    image = glyph.resize(size, Image.Resampling.LANCZOS)
    if flip:
        image = ImageOps.mirror(image)
    if turn:
        image = image.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    image = ImageOps.expand(image, OUTLINE + 1, (0, 0, 0, 0))
    solid = image.getchannel("A").point([0] * 97 + [255] * 159)
    halo = Image.new("RGBA", image.size, (255, 255, 255, 0))
    halo.putalpha(
        solid.filter(ImageFilter.MaxFilter(2 * OUTLINE + 1)).filter(ImageFilter.GaussianBlur(0.6))
    )
    halo.alpha_composite(image)
    return halo


def gradient(top: Colour, bottom: Colour, height: int) -> np.ndarray:
    """[height, SIDE, 3] uint8, from the colour at the top to the one at the bottom."""
    mix = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(top) * (1 - mix) + np.array(bottom) * mix
    return np.broadcast_to(np.clip(rows, 0, 255).astype(np.uint8), (height, SIDE, 3))


class Canvas:
    """A picture under construction."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image

    def put(
        self, emoji: str, x: float, y: float, size: float, turn: float = 0, flip: bool = False
    ) -> None:
        """Put an emoji with its middle at (x, y); turns are rounded to 5 degrees."""
        image = sticker(emoji, max(4, round(size * SIDE)), round(turn / 5) * 5 % 360, flip)
        self.image.paste(
            image, (round(x * SIDE - image.width / 2), round(y * SIDE - image.height / 2)), image
        )

    def view(self, zoom: float, x: float, y: float) -> Image.Image:
        """What a camera sees that magnifies ``zoom`` times and looks (x, y) off the middle."""
        side = SIDE / zoom
        left = min(max((SIDE - side) / 2 + x * SIDE, 0), SIDE - side)
        top = min(max((SIDE - side) / 2 + y * SIDE, 0), SIDE - side)
        matrix = (side / SIDE, 0, left, 0, side / SIDE, top)
        return self.image.convert("RGB").transform(
            (SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
