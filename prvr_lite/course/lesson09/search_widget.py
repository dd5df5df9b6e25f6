"""Lesson 9: search for something, and see in each film that comes up what answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from importlib import import_module
from typing import Any, Final

import numpy as np

from prvr_lite.course.pictures.score_triangles import score_triangles
from prvr_lite.course.slider import can_slide, image_html
from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.explorer import Explorer, Query
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.plots import page
from prvr_lite.plots.strip import timed_thumbnails
from prvr_lite.search.ranking import Hit

LISTED: Final = 40  # queries in the list
PLACES: Final = 6  # films in the ranking: the first ones, and the right one
RANKING, MAP = 7.2, 7.4  # inches, whatever is shown: the page below stays where it is
OWN: Final = "Your own sentence: nobody has said which film is right."
NONE: Final = ("(none of these)", -1)  # what the list says then; so arrow keys still move in it


def search_explorer(model: MSSLpp, dataset: Dataset, *, start: int | None = None) -> Any:
    """Returns a search page: queries to choose, a line to type one, the best films, a map of one.

    Beside them: a slider for alpha, a button for each film that is shown (it chooses whose
    similarity map is below), and a switch for the true moment. Make it the last expression of a
    cell. The films are those of the test split; forty of its queries are listed.

    Args:
        model: a trained MS-SL++ (or MS-SL). dataset: an open feature file.
        start: the row that is searched for first; None: the first of the list.
    Returns:
        an ipywidgets box; where nothing can be driven a ``Picture`` of three films' maps.
    Raises:
        ValueError: a row that does not exist.
    """
    explorer = Explorer(model, dataset)
    count = len(explorer.queries)
    rows = np.linspace(0, count - 1, min(count, LISTED)).astype(int).tolist()
    first = rows[0] if start is None else start
    page.require(0 <= first < count, f"query {first} does not exist: test has rows 0..{count - 1}")
    if not can_slide():
        return three_maps(explorer, explorer.query(first))
    return _SearchPage(explorer, rows if first in rows else [first, *rows], first).page


def shown_films(
    explorer: Explorer, query: Query, alpha: float | None = None, places: int = PLACES
) -> list[Hit]:
    """Returns the six films to show: the best ones; the right one is last if it ranks lower."""
    hits = explorer.shown(query, alpha=alpha, top=places)
    return [*hits[: places - 1], hits[-1]] if len(hits) > places else hits


def three_maps(explorer: Explorer, query: Query) -> page.Picture:
    """Draws all clips of the three best films; the third is the right one if it ranks lower."""
    panels, films, units = {}, {}, explorer.model.config.num_units
    for hit in shown_films(explorer, query, places=3):
        video = int(explorer.videos[hit.video])
        right = ", right" if explorer.is_right(query, hit) else ""
        name = f"rank {hit.rank}, score {hit.score:.2f}: {hit.video_id}{right}"
        per_second = units / float(explorer.dataset.duration[video])
        moment = explorer.moment(query, video)
        scaled = (moment[0] * per_second, moment[1] * per_second) if moment else None
        panels[name] = explorer.scores(query, video), scaled
        films[name] = timed_thumbnails(explorer.dataset.thumbnails(video), units)
    about = "all clips of three films on one scale; outline: the true moment; star: the best clip"
    return score_triangles(panels, title=f"“{query.text}”", about=about, films=films)


class _SearchPage:
    """The controls, a ranking, and the map of one of its films."""

    def __init__(self, explorer: Explorer, rows: Sequence[int], first: int) -> None:
        self.explorer, self.query = explorer, explorer.query(first)
        self._ranking = lru_cache(16)(self._draw_ranking)
        self._map = lru_cache(16)(self._draw_map)
        widgets = import_module("ipywidgets")
        wide: dict[str, Any] = {"layout": {"width": "auto", "max_width": "720px"}}
        late: dict[str, Any] = {"continuous_update": False}
        example = "An owl plays the trumpet."
        self.own = widgets.Text(description="search for", placeholder=example, **late, **wide)
        options = [NONE, *((explorer.query(row).text, row) for row in rows)]
        self.listed = widgets.Dropdown(
            options=options, value=first, description="or choose", **wide
        )
        tenths: dict[str, Any] = {"min": 0, "max": 1, "step": 0.1, "readout_format": ".1f"}
        alpha = explorer.model.config.alpha
        self.alpha = widgets.FloatSlider(alpha, description="α", **tenths, **late)
        self.truth = widgets.Checkbox(True, description="show the true moment", indent=False)
        style = {"button_width": "auto", "description_width": "initial"}
        self.films = widgets.ToggleButtons(description="map of rank", style=style)
        self.said = widgets.HTML(layout={"min_height": "34px"}).add_class("search-said")
        self.ranking = widgets.HTML().add_class("search-ranking")
        self.map = widgets.HTML().add_class("search-map")
        turned = widgets.HBox([self.alpha, self.truth], layout={"flex_flow": "row wrap"})
        self.page = widgets.VBox(
            [self.own, self.said, self.listed, turned, self.ranking, self.films, self.map]
        )
        self.listed.observe(self._choose, names="value")
        self.own.observe(self._type, names="value")
        self.alpha.observe(self._search, names="value")
        self.films.observe(self._show, names="value")
        self.truth.observe(self._show, names="value")
        self._search()

    def _choose(self, change: Any) -> None:
        """Searches for the query that the reader chose from the list."""
        if change["new"] != NONE[1]:
            self.own.value, self.said.value = "", ""
            self.query = self.explorer.query(change["new"])
            self._search()

    def _type(self, change: Any) -> None:
        """Searches for the sentence that the reader typed.

        If it can't be read, only the reason is shown, and the films stay as they are.
        """
        if not change["new"].strip():
            return
        try:
            self.query = self.explorer.typed(change["new"])
        except ValueError as error:
            self.said.value = escape(str(error))
            return
        self.said.value, self.listed.value = OWN, NONE[1]
        self._search()

    def _search(self, moved: object = None) -> None:
        """Lists the films that the query finds.

        If only alpha was moved, the chosen film stays chosen as long as it is in the list.
        """
        films = {}
        for hit in shown_films(self.explorer, self.query, round(self.alpha.value, 2)):
            right = " (right)" if self.explorer.is_right(self.query, hit) else ""
            films[int(self.explorer.videos[hit.video])] = f"{hit.rank}{right}"
        kept = self.films.value if moved and self.films.value in films else next(iter(films))
        self.films.unobserve(self._show, names="value")
        self.films.options = [(label, video) for video, label in films.items()]
        self.films.value = kept
        self.films.observe(self._show, names="value")
        self._show()

    def _show(self, _: object = None) -> None:
        state = self.films.value, self.truth.value
        self.ranking.value = self._ranking(self.query, round(self.alpha.value, 2), *state)
        self.map.value = self._map(self.query, *state)

    def _draw_ranking(self, query: Query, alpha: float, film: int, moment: bool) -> str:
        top = sum(hit.rank <= PLACES for hit in shown_films(self.explorer, query, alpha))
        shown: dict[str, Any] = {"top": top, "moment": moment, "chosen": film, "height": RANKING}
        return image_html(self.explorer.ranking(query, alpha=alpha, **shown))

    def _draw_map(self, query: Query, film: int, moment: bool) -> str:
        return image_html(self.explorer.map(query, film, moment=moment, height=MAP))
