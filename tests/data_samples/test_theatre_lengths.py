"""The films of other lengths: the same plots and captions, moments from short to nearly all."""

from __future__ import annotations

from itertools import pairwise

from emoji_films import bundled_splits
from theatre.lengths import retimed
from theatre.script import Moment


def test_retimed_films_keep_what_they_show_and_fit_together() -> None:
    """Drawn and labelled film agree, second by second, on what is where."""
    for film in bundled_splits()["val"]:
        drawn, labelled = retimed(film)
        assert (drawn, labelled) == retimed(film)
        assert drawn.id == labelled.id == film.id
        assert labelled.queries == film.queries
        assert [moment.plot for moment in labelled.moments] == [m.plot for m in film.moments]
        assert drawn.length == labelled.length == drawn.scenes[-1].start + drawn.scenes[-1].length
        assert drawn.scenes[0].start == 0
        for before, after in pairwise(drawn.scenes):
            assert before.start + before.length == after.start
        for moment in labelled.moments:
            steps = [s for s in drawn.moments if set(s.plot.steps) <= set(moment.plot.steps)]
            steps = [s for s in steps if s.place == moment.place]
            assert sum(len(s.plot.steps) for s in steps) == len(moment.plot.steps)
            assert moment.start == steps[0].start
            assert moment.start + moment.length == steps[-1].start + steps[-1].length
            last = moment.lengths[-1]  # a second step ends the moment
            assert last == steps[-1].lengths[-1] or len(moment.lengths) == 1


def test_their_moments_fill_from_a_fiftieth_to_most_of_a_film_and_lie_inside_each_other() -> None:
    films = [retimed(film)[1] for film in bundled_splits()["val"]]
    shares = sorted(moment.length / film.length for film in films for moment in film.moments)
    assert shares[0] < 0.03
    assert shares[-1] > 0.8
    assert sum(share > 0.4 for share in shares) > len(shares) / 8
    nested = [any(_inside(a, b) for a in film.moments for b in film.moments) for film in films]
    assert 0.3 < sum(nested) / len(nested) < 0.7


def _inside(inner: Moment, outer: Moment) -> bool:
    end = inner.start + inner.length <= outer.start + outer.length
    return inner is not outer and outer.start <= inner.start and end
