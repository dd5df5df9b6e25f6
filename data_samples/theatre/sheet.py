"""The contact sheet: the company with its names, one square of siblings, and whole films.

python -m theatre.sheet --split val --seed 3 --group 2 --out emoji_theatre.png     (in data_samples)
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .canvas import sticker
from .film import render
from .plot import SIBLINGS
from .script import FPS, Film, Moment, make_films
from .world import ACTORS, THINGS

WIDTH = 1080
INK, PAPER, GREY = "#222222", "#fffdf7", "#777777"
INKS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
)  # colour-blind-safe
LIKES = {
    "sleep": "naps",
    "dance": "dancing",
    "spin": "whirling",
    "cry": "a good cry",
    "angry": "rages",
    "party": "parties",
    "idea": "ideas",
    "float": "balloons",
    "juggle": "juggling",
    "hide": "hiding",
    "chase": "chases",
    "love": "hugs",
    "fight": "quarrels",
    "balance": "balancing",
}


def _text(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, ink: str = INK
) -> None:
    draw.text((x, y), text, fill=ink, font=ImageFont.load_default(size))


def _page(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (WIDTH, height), PAPER)
    return page, ImageDraw.Draw(page)


def company() -> Image.Image:
    """Every actor with name and favourites."""
    columns, cell, height = 8, WIDTH // 8, 92
    page, draw = _page(30 + height * (len(ACTORS) // columns))
    _text(draw, 8, 4, "The company of the Emoji Theatre, and what they like", 16)
    for number, (emoji, actor) in enumerate(ACTORS.items()):
        x, y = number % columns * cell, 30 + number // columns * height
        picture = sticker(emoji, 48)
        page.paste(picture, (x + cell // 2 - picture.width // 2, y), picture)
        likes = ", ".join(LIKES.get(like) or THINGS[like].nouns[0][1] for like in actor.likes)
        for text, size, ink, dy in ((actor.name, 13, INK, 54), (likes, 10, GREY, 70)):
            left = x + (cell - draw.textlength(text, font=ImageFont.load_default(size))) / 2
            _text(draw, left, y + dy, text, size, ink)
    return page


def _even(first: int, length: int, count: int) -> list[int]:
    return [first + int((index + 0.5) * length / count) for index in range(count)]


def _caption_of(film: Film, number: int) -> str:
    return next(query.text for query in film.queries if query.moment == number)


def _square_moments(films: list[Film]) -> list[tuple[int, int]]:
    """(film, moment) numbers of one square, ordered by beginning and ending."""
    lead = next(moment.plot for moment in films[0].moments if len(moment.lengths) == 2)
    moments = []
    for row, film in enumerate(films):
        for number, moment in enumerate(film.moments):
            steps, first = moment.plot.steps, lead.steps[0]
            if len(steps) == 2 and (steps[0].actor, moment.place) == (first.actor, lead.place):
                moments.append((steps[0].deed, steps[1].deed, row, number))
    return [(row, number) for _, _, row, number in sorted(moments)]


def _paste(page: Image.Image, frame: Image.Image, x: int, y: int, side: int) -> None:
    page.paste(frame.resize((side, side), Image.Resampling.LANCZOS), (x, y))


def square(films: list[Film], pictures: list[list[Image.Image]]) -> Image.Image:
    """One square as four films tell it: three frames of each beginning, three of each ending."""
    cells = _square_moments(films)
    hero = ACTORS[films[cells[0][0]].moments[cells[0][1]].plot.steps[0].actor].name
    side = (WIDTH - 40) // 12
    page, draw = _page(30 + 2 * (side + 30))
    rule = "each beginning and each ending is seen in two films, the pair in one"
    _text(draw, 8, 4, f"A square with {hero}: {rule}", 16)
    for cell, (row, number) in enumerate(cells):
        moment = films[row].moments[number]
        x, y = cell % 2 * (WIDTH // 2) + 8, 30 + cell // 2 * (side + 30)
        _text(draw, x, y, _caption_of(films[row], number), 12, INKS[0])
        first, second = moment.lengths
        shown = _even(moment.start, first, 3) + _even(moment.start + first, second, 3)
        for place, index in enumerate(shown):
            left = x + place * side + 8 * (place > 2)
            _paste(page, pictures[row][index], left, y + 18, side - 3)
    return page


def whole_film(film: Film, frames: list[Image.Image]) -> Image.Image:
    """Every second frame of a film; captioned moments are framed in the colour of their caption."""
    columns, side = 20, WIDTH // 20
    shown = range(0, film.length, 2)
    rows = -(-len(shown) // columns)
    page, draw = _page(24 + rows * side + 16 * len(film.moments) + 6)
    _text(draw, 8, 4, f"{film.id}, {film.length / FPS:.0f} seconds", 13)
    numbers = {id(moment): number for number, moment in enumerate(film.moments)}
    for place, index in enumerate(shown):
        x, y = place % columns * side, 24 + place // columns * side
        _paste(page, frames[index], x + 1, y + 1, side - 2)
        scene = next(
            scene for scene in film.scenes if scene.start <= index < scene.start + scene.length
        )
        if isinstance(scene, Moment):
            ink = INKS[numbers[id(scene)] % len(INKS)]
            draw.rectangle((x, y, x + side - 2, y + side - 2), outline=ink, width=3)
    for number, moment in enumerate(film.moments):
        start, end = moment.start / FPS, (moment.start + moment.length) / FPS
        text = f"{start:.1f}-{end:.1f} s   {_caption_of(film, number)}"
        _text(draw, 8, 24 + rows * side + 16 * number + 2, text, 12, INKS[number % len(INKS)])
    return page


def contact_sheet(films: list[Film]) -> Image.Image:
    """The company, a square, and two whole films of one group of siblings."""
    pictures = [list(render(film)) for film in films]
    parts = [company(), square(films, pictures)]
    parts += [
        whole_film(film, frames) for film, frames in list(zip(films, pictures, strict=True))[:2]
    ]
    sheet = Image.new("RGB", (WIDTH, sum(part.height for part in parts)), PAPER)
    y = 0
    for part in parts:
        sheet.paste(part, (0, y))
        y += part.height
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", default="val")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--group", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    films = make_films(args.split, args.seed, 100)[
        SIBLINGS * args.group : SIBLINGS * (args.group + 1)
    ]
    sheet = contact_sheet(films).quantize(256, kmeans=2, dither=Image.Dither.NONE)
    sheet.save(args.out, optimize=True)


if __name__ == "__main__":
    main()
