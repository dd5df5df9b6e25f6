"""The Emoji Theatre: no caption has a slip."""

from __future__ import annotations

import re

import pytest
from emoji_films import bundled_films
from theatre import captions
from theatre.dice import Dice
from theatre.plot import Plot, Step
from theatre.world import ACTORS, DEEDS, PLACES, THINGS


def faults(text: str) -> list[str]:
    """What is wrong with a caption."""
    checks = {
        "not a sentence": not re.fullmatch(r"[A-Z].*[a-z]\.", text),
        "doubled word": re.search(r"\b(\w+) \1\b", text, re.IGNORECASE),
        "a before a vowel": re.search(r"\ba (?=[aeiou])(?!unicorn)", text, re.IGNORECASE),
        "an before a consonant": re.search(r"\ban (?![aeiou])|\ban unicorn", text, re.IGNORECASE),
        "article before Santa": re.search(r"\b(a|an|the) santa", text, re.IGNORECASE),
        "two articles": re.search(r"\b(a|an|the|some) (a|an|the|some)\b", text, re.IGNORECASE),
        "a before a plural": re.search(r"\ban? \w+ ?(books|balls|crowns|pieces)\b", text),
        "his or he for an animal": re.search(r"\b(he|his)\b", text)
        and not re.search("Santa|wizard|magician", text),
        "it for Santa or a wizard": re.match(
            r"(First |.*, )?(Santa|a wizard|a magician).*\b(it|its)\b", text, re.I
        ),
        "unfilled": re.search(r"[{}]|  | ,| \.|,,", text),
        "capital inside": re.search(r" (?!Santa|Claus|T-rex)[A-Z]", text),
        "comma": text.count(",") > 1,
    }
    return [name for name, found in checks.items() if found]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("An unicorn dances at home.", "an before a consonant"),
        ("A owl dances at home.", "a before a vowel"),
        ("At home, a Santa dances.", "article before Santa"),
        ("A dog plays the the drum.", "doubled word"),
        ("A cat eats a some cheese.", "two articles"),
        ("Santa balances a cake on its head.", "it for Santa or a wizard"),
        ("A dog cries before he dances at home.", "his or he for an animal"),
        ("A dog eats {one} at home.", "unfilled"),
        ("A dog juggles with a few books.", "a before a plural"),
        ("a dog dances.", "not a sentence"),
        ("A dog dances At home.", "capital inside"),
    ],
)
def test_the_lint_finds_slips(text: str, fault: str) -> None:
    assert fault in faults(text)


def test_captions_have_no_slip() -> None:
    texts = {query.text for film in bundled_films() for query in film.queries}
    assert len(texts) > 2500
    assert {text: found for text in texts if (found := faults(text))} == {}


def test_every_word_of_the_world_makes_a_clean_caption() -> None:
    dice, texts = Dice("words"), set()
    for actor in ACTORS:
        partner = "🐕" if actor != "🐕" else "🎅"
        for name, deed in DEEDS.items():
            kinds = ("food", "thing") if deed.kind == "thing" else (deed.kind,)
            things = [key for key, thing in THINGS.items() if thing.kind in kinds] or [""]
            for thing in things:
                step = Step(actor, name, thing, partner if deed.kind == "partner" else "")
                texts.add(
                    captions.caption(dice, Plot((step,), dice.pick(list(PLACES))), dice.chance(0.7))
                )
                pair = (step, Step(actor, dice.pick(("cry", "party")))) if deed.clear else (step,)
                texts.add(
                    captions.caption(dice, Plot(pair, dice.pick(list(PLACES))), dice.chance(0.7))
                )
    assert {text: found for text in texts if (found := faults(text))} == {}


def test_captions_of_a_film_name_one_moment_each() -> None:
    for film in bundled_films():
        assert len({query.text for query in film.queries}) == len(film.queries)
        assert {query.moment for query in film.queries} == set(range(len(film.moments)))
