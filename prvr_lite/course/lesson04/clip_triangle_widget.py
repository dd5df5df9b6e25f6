"""Lesson 4: step through all clips of a film, in their order."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.figure import Figure

from prvr_lite.course.pictures.triangles import lit_clips
from prvr_lite.course.slider import slider
from prvr_lite.data.dataset import Dataset
from prvr_lite.plots import page
from prvr_lite.plots.pyramid import cells, clip_units
from prvr_lite.plots.strip import timed_thumbnails

UNITS: Final = 32
START, SHOWN = 137, (5, 300, 480)  # rows: the slider's first; those drawn where there is none
# A clip's name and outline show while the pointer is on its cell. All are in the page from the
# start, so they follow the pointer at once, without asking the kernel.
LOOK: Final = f"""<style>
.pointed-clip path {{ fill: transparent; stroke-width: 2 }}
.pointed-clip rect {{ fill: none; stroke-width: 2; pointer-events: none }}
.pointed-clip text {{ visibility: hidden; pointer-events: none; fill: {page.CHALK};
  font: 14.5px "DejaVu Sans", sans-serif; text-anchor: end }}
.pointed-clip g:hover :is(path, rect) {{ stroke: {page.SPOT} }}
.pointed-clip g:hover text {{ visibility: visible }}
</style>"""


def clip_triangle(dataset: Dataset, video: int) -> Any:
    """Returns a slider over all clips: the chosen one, its units and its thumbnails are lit.

    Pointing at any other clip tells its row, its units, and where in the film it lies.

    Args:
        dataset: an open feature file. video: row of the film that is shown.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of three clips.
    """
    duration = float(dataset.duration[video])
    thumbnails = timed_thumbnails(dataset.thumbnails(video), duration)
    spans = clip_units(UNITS).tolist()

    def draw(*rows: int) -> page.Picture:
        return lit_clips(rows, n=UNITS, duration=duration, thumbnails=thumbnails)

    return slider(
        draw,
        values=range(len(spans)),
        label="row of the clip",
        static=lambda: draw(*SHOWN),
        start=START,
        in_words=lambda row: in_words(row, *spans[row]),
        over=lambda picture: pointed_clips(picture, UNITS, duration),
    )


def in_words(row: int, first: int, size: int) -> str:
    """Returns the row of a clip and its span, from its first unit and their number."""
    return f"{row}: [{first}, {first + size})"


def pointed_clips(picture: Figure, n: int, duration: float) -> str:
    """Returns an <svg> over ``lit_clips`` of one clip, which describes the cell that is pointed at.

    Args:
        picture: of one clip of n units. duration: of the film in s.
    """
    panels = {str(axes.get_label()).split()[0]: axes for axes in picture.axes}
    wide, high = 100 * picture.get_figwidth(), 100 * picture.get_figheight()
    scale = 100 / picture.dpi  # the page has 100 pixels an inch, whatever the picture has
    corners = scale * panels["clip"].transData.transform(cells(n, 1.0).reshape(-1, 2))
    outlines = corners.reshape(-1, 5, 2)  # [N, 5, 2], counted from the foot of the page
    below, triangle = panels["units"].get_position(), panels["clip"].get_position()
    left, unit = wide * below.x0, wide * below.width / n
    spot = f'x="{left + unit * n:.0f}" y="{high * (1 - triangle.y1) - 34:.0f}"'  # upper right
    bar = f'y="{high * (1 - below.y1):.0f}" height="{high * below.height:.0f}"'
    groups = []
    for row, (first, size) in enumerate(clip_units(n).tolist()):
        cell = " ".join(f"{x:.0f},{high - y:.0f}" for x, y in outlines[row])
        start, end = (at * duration / n for at in (first, first + size))
        groups.append(
            f'<g><path d="M{cell}Z"/>'
            f'<rect x="{left + unit * first:.0f}" width="{unit * size:.0f}" {bar}/>'
            f"<text {spot}>row {in_words(row, first, size)}, {start:.1f}–{end:.1f} s</text></g>"
        )
    return (
        f'<svg class="pointed-clip" viewBox="0 0 {wide:.0f} {high:.1f}" aria-hidden="true" '
        f'style="position:absolute;left:0;top:0;width:100%">{LOOK}{"".join(groups)}</svg>'
    )
