"""The vocabulary of the theatre: actors, things, deeds and places, and the words for each.

Nouns carry their article, so that no rule has to guess between "a unicorn" and "an owl".
An actor's name and favourites are for people who look at the films; captions use the plain nouns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeedKind = Literal["alone", "food", "music", "thing", "partner"]


@dataclass(frozen=True)
class Actor:
    """Somebody who plays in the films. ``likes`` names favourite deeds and things."""

    name: str
    nouns: tuple[str, ...]
    likes: tuple[str, ...]
    pronoun: str = "it"
    possessive: str = "its"


@dataclass(frozen=True)
class Thing:
    """Something to eat, to play on or to handle: (one of it, many of it) for each of its words."""

    kind: Literal["food", "music", "thing"]
    nouns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deed:
    """What an actor does.

    ``phrases`` may stand alone in a caption; ``then_phrases`` can also follow another deed ("… and
    then falls asleep"). ``{one}`` and ``{many}`` are the thing's nouns, ``{partner}`` the
    other actor, ``{its}`` the actor's possessive. ``clear``: readable from any of its frames.
    ``mutual``: it makes no difference which of the two is named first.
    """

    kind: DeedKind
    phrases: tuple[str, ...]
    then_phrases: tuple[str, ...]
    clear: bool = True
    mutual: bool = False


ACTORS: dict[str, Actor] = {
    "🐕": Actor("Biscuit", ("a dog", "a puppy", "a hound"), ("chase", "⚽")),
    "🐈": Actor("Miso", ("a cat", "a kitty", "a kitten"), ("sleep", "🍦")),
    "🐇": Actor("Clover", ("a rabbit", "a bunny"), ("hide", "dance")),
    "🦊": Actor("Rusty", ("a fox",), ("idea", "🧀")),
    "🐼": Actor("Bao", ("a panda", "a panda bear"), ("party", "🎂")),
    "🦁": Actor("Leopold", ("a lion",), ("angry", "🎺")),
    "🐄": Actor("Daisy", ("a cow",), ("dance", "🍉")),
    "🐸": Actor("Gus", ("a frog", "a toad"), ("love", "🥁")),
    "🐒": Actor("Momo", ("a monkey",), ("juggle", "🍌")),
    "🐧": Actor("Pip", ("a penguin",), ("spin", "🎩")),
    "🦉": Actor("Olive", ("an owl",), ("idea", "📚")),
    "🐎": Actor("Jasper", ("a horse", "a pony"), ("chase", "🍎")),
    "🦄": Actor("Luna", ("a unicorn",), ("float", "👑")),
    "🐝": Actor("Bea", ("a bee", "a honeybee"), ("spin", "🌻")),
    "🐢": Actor("Theo", ("a turtle", "a tortoise"), ("sleep", "☂")),
    "🦖": Actor("Tiny", ("a dinosaur", "a T-rex"), ("cry", "🍕")),
    "🐙": Actor("Otto", ("an octopus",), ("juggle", "🥁")),
    "🐳": Actor("Wanda", ("a whale",), ("cry", "🎺")),
    "🐘": Actor("Ella", ("an elephant",), ("balance", "🍉")),
    "🦒": Actor("Gigi", ("a giraffe",), ("love", "🎸")),
    "🤖": Actor("Bolt", ("a robot",), ("dance", "🚀")),
    "👻": Actor("Boo", ("a ghost",), ("hide", "float")),
    "🧙": Actor("Merlo", ("a wizard", "a magician"), ("fight", "🎩"), "he", "his"),
    "🎅": Actor("Nick", ("Santa", "Santa Claus"), ("party", "🎁"), "he", "his"),
}

THINGS: dict[str, Thing] = {
    "🍕": Thing("food", (("a pizza", "pizzas"), ("a slice of pizza", "slices of pizza"))),
    "🍦": Thing("food", (("an ice cream", "ice creams"),)),
    "🎂": Thing("food", (("a cake", "cakes"), ("a birthday cake", "birthday cakes"))),
    "🍎": Thing("food", (("an apple", "apples"),)),
    "🍌": Thing("food", (("a banana", "bananas"),)),
    "🧀": Thing(
        "food", (("some cheese", "pieces of cheese"), ("a piece of cheese", "pieces of cheese"))
    ),
    "🍉": Thing("food", (("a watermelon", "watermelons"), ("a slice of melon", "slices of melon"))),
    "🍩": Thing("food", (("a donut", "donuts"), ("a doughnut", "doughnuts"))),
    "🎸": Thing("music", (("the guitar", "guitars"),)),
    "🥁": Thing("music", (("the drum", "drums"),)),
    "🎺": Thing("music", (("the trumpet", "trumpets"),)),
    "⚽": Thing("thing", (("a ball", "balls"), ("a football", "footballs"))),
    "🎁": Thing("thing", (("a gift", "gifts"), ("a present", "presents"))),
    "📚": Thing("thing", (("a pile of books", "books"), ("some books", "books"))),
    "☂": Thing("thing", (("an umbrella", "umbrellas"),)),
    "🚀": Thing("thing", (("a rocket", "rockets"),)),
    "👑": Thing("thing", (("a crown", "crowns"),)),
    "🎩": Thing("thing", (("a top hat", "top hats"), ("a black hat", "black hats"))),
    "🌻": Thing("thing", (("a sunflower", "sunflowers"),)),
    "🚲": Thing("thing", (("a bicycle", "bicycles"), ("a bike", "bikes"))),
}

DEEDS: dict[str, Deed] = {
    "sleep": Deed(
        "alone",
        ("is sleeping", "takes a nap", "is fast asleep"),
        ("falls asleep", "takes a nap"),
    ),
    "dance": Deed(
        "alone",
        ("dances", "is dancing to the music", "sways to the music"),
        ("dances", "sways to the music"),
    ),
    "spin": Deed(
        "alone",
        ("spins around", "is spinning like a whirlwind", "whirls dizzily"),
        ("spins around", "whirls dizzily"),
    ),
    "cry": Deed("alone", ("cries", "is weeping", "sheds tears"), ("bursts into tears", "cries")),
    "angry": Deed(
        "alone", ("is angry", "is furious", "loses {its} temper"), ("gets angry", "becomes furious")
    ),
    "party": Deed(
        "alone",
        ("celebrates", "throws a party", "is having a party"),
        ("celebrates", "throws a party"),
    ),
    "idea": Deed(
        "alone",
        ("has an idea", "gets a bright idea", "suddenly thinks of something"),
        ("has an idea", "gets a bright idea"),
    ),
    "float": Deed(
        "alone",
        ("floats up with balloons", "flies away with balloons", "is lifted by balloons"),
        ("floats up with balloons", "flies away with balloons"),
    ),
    "eat": Deed(
        "food",
        ("eats {one}", "is eating {one}", "munches on {one}", "devours {one}"),
        ("eats {one}", "munches on {one}", "devours {one}"),
    ),
    "perform": Deed(
        "music",
        ("plays {one}", "is playing {one}", "performs on {one}"),
        ("plays {one}", "performs on {one}"),
    ),
    "balance": Deed(
        "thing",
        (
            "balances {one} on {its} head",
            "is balancing {one} on {its} head",
            "carries {one} on {its} head",
        ),
        ("balances {one} on {its} head",),
        clear=False,
    ),
    "juggle": Deed(
        "thing",
        ("juggles with {many}", "is juggling {many}", "tosses and catches {many}"),
        ("juggles with {many}",),
        clear=False,
    ),
    "hide": Deed(
        "thing",
        ("hides behind {one}", "is hiding behind {one}", "peeks out from behind {one}"),
        ("hides behind {one}",),
        clear=False,
    ),
    "chase": Deed(
        "partner",
        ("chases {partner}", "is running after {partner}", "pursues {partner}"),
        ("chases {partner}", "runs after {partner}"),
        clear=False,
    ),
    "love": Deed(
        "partner",
        ("falls in love with {partner}", "hugs {partner}", "is in love with {partner}"),
        ("hugs {partner}", "falls in love with {partner}"),
        mutual=True,
    ),
    "fight": Deed(
        "partner",
        ("fights with {partner}", "is fighting with {partner}", "quarrels with {partner}"),
        ("fights with {partner}", "quarrels with {partner}"),
        mutual=True,
    ),
}

PLACES: dict[str, tuple[str, ...]] = {
    "beach": ("on the beach", "at the seaside"),
    "sea": ("under the sea", "underwater"),
    "night": ("under the moon", "at night"),
    "city": ("in the city", "on a city street"),
    "forest": ("in the forest", "in the woods"),
    "snow": ("in the snow", "on a winter day"),
    "desert": ("in the desert", "among the cactuses"),
    "space": ("in outer space", "among the stars"),
    "volcano": ("near a volcano", "beside an erupting volcano"),
    "room": ("in the living room", "at home"),
    "circus": ("at the circus", "by the circus tent"),
    "garden": ("in the flower garden", "among the tulips"),
}

CLUTTER: tuple[str, ...] = tuple("🚗🚌🧦🪑🧲📎☎🧹🪣🎲🧩🧸💎🔔🪙📦🕯🥄🧵👟🧯🛒🔑🧺🪜")
