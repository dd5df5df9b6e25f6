"""Captions: one English sentence for a moment."""

from __future__ import annotations

from .dice import Dice
from .plot import Plot, Step
from .world import ACTORS, DEEDS, PLACES, THINGS

ONE_STEP = (
    "{who} {deed} {place}",
    "{place}, {who} {deed}",
    "{who} {deed} {place}",
    "here {who} {deed} {place}",
)
ONE_STEP_NO_PLACE = ("{who} {deed}", "we see how {who} {deed}")
TWO_STEPS = (
    "{who} {deed} and then {next} {place}",
    "{place}, {who} {deed} and then {next}",
    "{place}, {who} first {deed} and afterwards {next}",
)
TWO_STEPS_PRONOUN = (
    "{place}, {who} {deed} before {pronoun} {next}",
    "first {who} {deed}, then {pronoun} {next} {place}",
)
TWO_STEPS_NO_PLACE = ("{who} {deed} and then {next}", "{who} first {deed} and afterwards {next}")


def deed_text(dice: Dice, step: Step, phrases: tuple[str, ...]) -> str:
    """The deed with its thing or partner in words: "eats an ice cream"."""
    one, many = dice.pick(THINGS[step.thing].nouns) if step.thing else ("", "")
    partner = dice.pick(ACTORS[step.partner].nouns) if step.partner else ""
    its = ACTORS[step.actor].possessive
    return dice.pick(phrases).format(one=one, many=many, partner=partner, its=its)


def caption(dice: Dice, plot: Plot, names_place: bool) -> str:
    """A sentence for the plot, with or without its place.

    A pronoun stands for the actor only when the first deed has no partner to mistake it for.
    """
    actor = ACTORS[plot.steps[0].actor]
    words = {
        "who": dice.pick(actor.nouns),
        "place": dice.pick(PLACES[plot.place]),
        "pronoun": actor.pronoun,
    }
    templates: tuple[str, ...]
    if len(plot.steps) == 1:
        words["deed"] = deed_text(dice, plot.steps[0], DEEDS[plot.steps[0].deed].phrases)
        templates = ONE_STEP if names_place else ONE_STEP_NO_PLACE
    else:
        words["deed"], words["next"] = (
            deed_text(dice, step, DEEDS[step.deed].then_phrases) for step in plot.steps
        )
        templates = TWO_STEPS if names_place else TWO_STEPS_NO_PLACE
        if names_place and not plot.steps[0].partner:
            templates += TWO_STEPS_PRONOUN
    text = dice.pick(templates).format(**words)
    return text[0].upper() + text[1:] + "."
