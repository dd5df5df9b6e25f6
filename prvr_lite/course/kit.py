"""What every lesson needs: a first line that says where it runs, a film, a gallery, a table.

For the lessons that train there is a model that is trained once and then read from its file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from prvr_lite import __version__
from prvr_lite.course.grading.session import GRADED
from prvr_lite.course.kept import runs_folder
from prvr_lite.data.columns import FeatureFileError
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.sample import load_sample
from prvr_lite.device import choose_device
from prvr_lite.faces import OneLineError
from prvr_lite.files import held
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.training.fit import History, fit
from prvr_lite.training.presets import from_preset

if TYPE_CHECKING:  # drawing is optional until something is drawn
    from prvr_lite.plots import page

DRAWING = {"matplotlib": "matplotlib", "seaborn": "seaborn"}  # module -> package to install
PACKAGES = {  # what one lesson needs besides
    8: {"scipy": "scipy"},
    11: {"av": "av", "transformers": "transformers", "lancedb": "lancedb"},
    12: {"scipy": "scipy"},
}
PATIENCE = 900.0  # seconds to wait for a model that another open notebook trains


class NotReadyError(OneLineError, RuntimeError):
    """Something that lessons need is missing."""


def start(lesson: int) -> None:
    """Prints in one line what a lesson runs on, and shows its place in the course.

    Nothing is set, seeded, or returned.

    Raises:
        NotReadyError: a package or the sample data is missing; says what to do.
    """
    needed = DRAWING | PACKAGES.get(lesson, {})
    missing = [package for module, package in needed.items() if find_spec(module) is None]
    if missing:
        raise NotReadyError(f"run  %pip install {' '.join(missing)}  in a cell, then start again.")
    try:
        with load_sample() as sample:
            films, queries = len(sample.video_id), len(sample.query_id)
            name = sample.name
    except (FileNotFoundError, FeatureFileError) as error:
        raise NotReadyError(str(error)) from None
    device, version = choose_device("auto"), torch.__version__.split("+")[0]
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    print(
        f"Lesson {lesson} · prvr_lite {__version__}, torch {version} on "
        f"{where} · {name}: {films:,} films, {queries:,} queries{' · graded' if GRADED else ''}"
    )
    if kernel() is not None:
        from prvr_lite.course.pictures.roadmap import roadmap

        roadmap(lesson)._ipython_display_()


def kernel() -> Any:
    """Returns the notebook's kernel that runs this code, which can show pictures, or None."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    return getattr(find(), "kernel", None)


def trained(
    name: str,
    dataset: Dataset,
    *,
    seed: int = 0,
    watch: Callable[[History], object] | None = None,
    **changes: Any,
) -> tuple[RetrievalModel, History]:
    """Returns a model trained by the sample preset, and its history; continues an earlier call.

    Each epoch is kept in ``lesson-….pt`` in the folder of ``runs_folder``, so that lesson 9 finds
    what lesson 8 trained, and an interrupted cell goes on when it is run again. Delete the file to
    train from the start. A line says how far the training is, and where it is kept.

    Args:
        name: of the model, such as "mssl++" (see ``model.registry.MODELS``).
        watch: see ``fit``; it takes the place of the line.
        changes: to the preset's TrainConfig, such as epochs=6.
    Raises:
        ValueError: an unknown model, or a change to a field that TrainConfig does not have.
        BusyError: another notebook has been training the same model for a quarter of an hour.
    """
    model, config = from_preset(name, dataset, seed=seed, **changes)
    settings = "".join(f"-{key}={value}" for key, value in sorted(changes.items()))
    kept = runs_folder() / f"lesson-{name.replace('+', 'p')}-seed{seed}{settings}.pt"
    with held(kept.with_suffix(".training"), patience=PATIENCE):  # by another open notebook
        watch = watch or epoch_line(config.epochs, f"{name}, kept as {kept.name}")
        history = fit(model, dataset, config, checkpoint=kept, progress=False, watch=watch)
    return model, history


def epoch_line(epochs: int, name: str = "training") -> Callable[[History], None]:
    """Returns a ``watch`` for ``fit`` that says how far a training is, in one line.

    In a notebook the line is replaced after each epoch, elsewhere one is printed for each.

    Args:
        epochs: how many there will be. name: what is trained.
    """
    show = in_place()

    def watch(history: History) -> None:
        row = history.rows[-1] if history.rows else {}
        parts = [f"epoch {len(history.rows)} of {epochs}"]
        parts += [f"loss {row['loss']:.3f}"] if "loss" in row else []
        parts += [f"SumR on val {row['SumR']:.1f}"] if "SumR" in row else []
        line = f"{name}: {', '.join(parts)}"
        if kernel() is None:
            print(line)
        else:
            show({"text/plain": line})

    return watch


def in_place() -> Callable[[dict[str, str]], None]:
    """Returns what shows data by kind in one output of the cell that calls it, in place of before.

    The data are as Jupyter has them: such as "text/html" -> a page.
    """
    output: list[Any] = []  # IPython's handle of what is shown

    def show(data: dict[str, str]) -> None:
        if output:
            output[0].update(data, raw=True)
        else:
            display = import_module("IPython.display").display
            output.append(display(data, raw=True, display_id=True))

    return show


def film(dataset: Dataset, video: int, *, moment: Any = None, **settings: Any) -> page.Picture:
    """Draws one film: thumbnails and captioned moments (see ``plots.film_strip.film_strip``).

    Args:
        video: its row. settings: passed on, such as title=….
        moment: [Q, 2] s for all queries of the data set; None: as its file says.
    """
    from prvr_lite.lab.ranked_video import video_thumbnails
    from prvr_lite.plots.film_strip import film_strip

    spans = dataset.moment if moment is None else np.asarray(moment)
    duration, thumbnails = float(dataset.duration[video]), video_thumbnails(dataset, video)
    pairs = [(text, span) for span, text in captions(dataset, video, spans).items()]
    return film_strip(dataset.video_id[video], duration, thumbnails, moments=pairs, **settings)


def captions(dataset: Dataset, video: int, spans: Any) -> dict[tuple[float, float], str]:
    """Returns each moment of a film with its first caption; ``spans`` [Q, 2] s of all queries."""
    rows = np.flatnonzero(dataset.query_video == video)
    return {_span(spans[q]): dataset.query_text[q] for q in reversed(rows)}


def _span(moment: Any) -> tuple[float, float]:
    start, end = map(float, moment)
    return start, end


def gallery(
    dataset: Dataset, query: int, videos: Any, score: Any, *, top: int = 5, **settings: Any
) -> page.Picture:
    """Draws the films that a query finds, best first, and always the film that it describes.

    Args:
        query: its row. videos: rows of the searched films, [V]. score: of these films, [V].
        top: how many to show. settings: passed on to ``plots.ranked_gallery``, such as title=….
    """
    from prvr_lite.lab.ranked_video import ranked_video
    from prvr_lite.plots.ranked_gallery import ranked_gallery

    values, rows = np.asarray(score, dtype=np.float64), np.asarray(videos)
    right_video = int(dataset.query_video[query])
    shown = []
    for place, i in enumerate(np.argsort(-values, kind="stable")):
        video, right = int(rows[i]), int(rows[i]) == right_video
        if place < top or right:
            moment = _span(dataset.moment[query]) if right else None
            value = float(values[i])
            shown.append(
                ranked_video(dataset, video, place + 1, value, correct=right, moment=moment)
            )
    text = dataset.query_text[query]
    return ranked_gallery(text, shown, top=top, num_videos=len(rows), **settings)


def table(rows: Mapping[str, Mapping[str, float]], *, digits: int = 1) -> None:
    """Shows named rows of numbers under the names of their columns; outside notebooks as text.

    Args:
        digits: decimals; whole numbers have none.
    """
    import pandas as pd  # comes with seaborn

    cells = {
        label: {
            name: f"{x:,}" if isinstance(x, (int, np.integer)) else f"{x:.{digits}f}"
            for name, x in row.items()
        }
        for label, row in rows.items()
    }
    frame = pd.DataFrame.from_dict(cells, orient="index").fillna("")
    if kernel() is None:
        print(frame.to_string())
    else:
        data = {"text/plain": frame.to_string(), "text/html": frame.to_html(border=0)}
        import_module("IPython.display").display(data, raw=True)
