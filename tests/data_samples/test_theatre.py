"""The Emoji Theatre: its scripts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from emoji_films import bundled_films, bundled_splits
from theatre import plot
from theatre.dice import Dice
from theatre.oracles import oracle_scores
from theatre.plot import Step
from theatre.script import STEP_FRAMES, Filler, Film, make_films, relevant_films
from theatre.world import ACTORS, DEEDS, PLACES


def groups(films: list[Film]) -> list[list[Film]]:
    return [films[first : first + 4] for first in range(0, len(films), 4)]


def test_dice_roll_the_same_for_ever() -> None:
    dice = Dice("emoji")
    rolls = [dice.whole(1, 6) for _ in range(8)]
    assert rolls == [5, 5, 2, 4, 6, 5, 1, 4]
    assert dice.cut(10, 4) == [5, 0, 5, 0]


def test_dice_keep_their_promises() -> None:
    dice = Dice("promises")
    assert sorted(dice.shuffled(range(9))) == list(range(9))
    assert {dice.whole(2, 4) for _ in range(200)} == {2, 3, 4}
    assert all(sum(dice.cut(17, 5)) == 17 for _ in range(50))
    heavy = Counter(dice.weighted("ab", (9, 1)) for _ in range(1000))
    assert 850 < heavy["a"] < 950


def test_same_seed_same_films_other_seed_others() -> None:
    assert make_films("val", 5, 12) == make_films("val", 5, 12)
    assert make_films("val", 5, 12) != make_films("val", 6, 12)
    assert make_films("val", 5, 12)[0].scenes != make_films("test", 5, 12)[0].scenes


def test_a_smaller_set_tells_the_same_stories() -> None:
    few, many = make_films("train", 1, 8), make_films("train", 1, 40)
    assert [film.scenes for film in few] != []
    assert [film.scenes for film in few] == [film.scenes for film in many[:8]]


@pytest.mark.parametrize("count", [-4, 3, 10])
def test_incomplete_sibling_groups_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        make_films("train", 0, count)


def test_more_films_than_the_world_can_tell_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot, "PLACES", dict(list(PLACES.items())[:3]))
    monkeypatch.setattr(plot, "ACTORS", dict(list(ACTORS.items())[:4]))
    with pytest.raises(ValueError, match="fewer films"):
        make_films("train", 0, 4000)


def test_each_step_of_a_square_is_in_two_siblings_and_each_pair_in_one() -> None:
    for films in bundled_splits().values():
        for group in groups(films):
            steps: Counter[object] = Counter()
            pairs: Counter[object] = Counter()
            for film in group:
                unfolding = [moment for moment in film.moments if len(moment.lengths) == 2]
                assert unfolding
                shown = {event for moment in film.moments for event in moment.plot.events}
                steps.update(
                    shown & {event for moment in unfolding for event in moment.plot.events}
                )
                pairs.update(frozenset(moment.plot.events) for moment in unfolding)
            assert set(steps.values()) == {2}
            assert set(pairs.values()) == {1}


def test_all_deeds_of_a_square_happen_in_all_four_siblings() -> None:
    for group in groups(bundled_splits()["test"]):
        deeds = [
            {step.deed for moment in film.moments for step in moment.plot.steps} for film in group
        ]
        square = {
            step.deed
            for film in group
            for m in film.moments
            if len(m.lengths) == 2
            for step in m.plot.steps
        }
        assert len(square) == 4
        assert all(square <= shown for shown in deeds)


def test_no_pair_of_steps_returns_in_either_order() -> None:
    for films in bundled_splits().values():
        pairs = Counter(
            frozenset(moment.plot.events)
            for film in films
            for moment in film.moments
            if len(moment.lengths) == 2
        )
        assert max(pairs.values()) == 1


def test_unfolding_moments_have_long_clear_steps() -> None:
    for film in bundled_films():
        for moment in film.moments:
            if len(moment.plot.steps) == 2:
                assert min(moment.lengths) >= STEP_FRAMES == 8
                assert all(DEEDS[step.deed].clear for step in moment.plot.steps)
                first, second = moment.plot.steps
                assert first.actor == second.actor
                assert first.deed != second.deed
            else:
                assert moment.length >= 2


def test_scenes_follow_each_other_and_filler_parts_moments() -> None:
    for film in bundled_films():
        assert [scene.start for scene in film.scenes] == np.cumsum(
            [0] + [scene.length for scene in film.scenes[:-1]]
        ).tolist()
        kinds = "".join("f" if isinstance(scene, Filler) else "m" for scene in film.scenes)
        assert "mm" not in kinds


def test_filler_never_looks_like_a_deed() -> None:
    fillers = [
        x
        for films in bundled_splits().values()
        for film in films
        for x in film.scenes
        if isinstance(x, Filler)
    ]
    assert all(bool(filler.clutter) != bool(filler.strollers) for filler in fillers)


def test_relevant_films_against_a_plain_loop() -> None:
    films = bundled_splits()["val"][:40]
    table = iter(relevant_films(films))
    for own in films:
        for query in own.queries:
            plot, found = own.moments[query.moment].plot, []
            for film in films:
                true = False
                for moment in film.moments:
                    seen = [step.fact for step in moment.plot.steps]
                    for start in range(len(seen)):
                        same = seen[start : start + len(plot.steps)] == [
                            step.fact for step in plot.steps
                        ]
                        true |= same and (moment.place == plot.place or not query.names_place)
                found += [film.id] * true
            answering = [film.id for film in next(table)]
            assert answering == found
            assert own.id in answering


def test_two_step_queries_have_one_answer_among_siblings() -> None:
    answers = iter(relevant_films(bundled_splits()["test"]))
    for film in bundled_splits()["test"]:
        for query in film.queries:
            assert [other for other in next(answers) if other.group == film.group] == [film], query


def test_mutual_deeds_read_the_same_both_ways() -> None:
    assert Step("🐕", "love", partner="🐈").fact == Step("🐈", "love", partner="🐕").fact
    assert Step("🐕", "chase", partner="🐈").fact != Step("🐈", "chase", partner="🐕").fact


def test_oracles_on_a_set_small_enough_to_see_through() -> None:
    films = make_films("val", 2, 4)
    scores = oracle_scores(films)
    assert scores["moment"].all == 100.0
    assert scores["frame"].one_step == 100.0
    assert 100 / 3 <= scores["frame"].two_step <= 50  # one or two siblings have as good a frame


def test_oracles_are_hard_where_they_should_be() -> None:
    scores = oracle_scores(bundled_splits()["test"])
    assert scores["bag"].all < 50
    assert scores["bag"].two_step < 30
    assert 30 < scores["frame"].two_step < 42
