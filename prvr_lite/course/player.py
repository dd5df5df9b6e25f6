"""A sample film that plays in the notebook, and under it its moments on a time axis."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prvr_lite.course.kit import film
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.sample import sample_film

if TYPE_CHECKING:  # drawing is optional until something is drawn
    from prvr_lite.plots import page

SIDE = 320  # pixels on the screen: twice the film's own


def play(dataset: Dataset, video: int, **settings: Any) -> page.Picture:
    """Shows a film as a video to be started by hand, and returns its strip with its moments.

    The film lies within the notebook, so that it plays without a connection.

    Args:
        video: its row; one of the few films that come as videos. settings: see ``film``.
    Raises:
        FileNotFoundError: the film does not come as a video; names those that do.
    """
    video_id = dataset.video_id[video]
    movie, poster = sample_film(video_id)
    picture = film(dataset, video, **settings)
    about = f"Film {video_id} as a video of {float(dataset.duration[video]):.1f} s, without sound."
    data = {"text/html": video_html(movie, poster, about), "text/plain": about}
    import_module("IPython.display").display(data, raw=True)
    return picture


def video_html(movie: Path, poster: Path, about: str) -> str:
    """Returns a <video> with an MP4 file and its poster inside; ``about`` is for screen readers.

    Where no video can be shown, the text is shown.
    """
    return (
        f'<video controls muted loop playsinline width="{SIDE}" height="{SIDE}" '
        f'style="max-width: 100%" aria-label="{escape(about)}" '
        f'poster="{_inline(poster, "image/webp")}">'
        f'<source src="{_inline(movie, "video/mp4")}" type="video/mp4">{escape(about)}</video>'
    )


def _inline(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"
