"""The films that lesson 11 renders are real video files with the times that it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra `video` is not installed")
pytest.importorskip("matplotlib")

from prvr_lite import load_sample
from prvr_lite.course.lesson11.render_film import render_film
from prvr_lite.videos.frames import probe_video, read_frames


@pytest.mark.parametrize("rotation", [0, 90, 180])
def test_each_picture_is_shown_from_its_time(tmp_path: Path, rotation: int) -> None:
    """Whatever way it is stored, it is read upright."""
    with load_sample() as sample:
        video = int(sample.videos_in("test")[0])
        shown = render_film(sample, video, tmp_path / "film.mp4", rotation=rotation)
        render_film(sample, video, tmp_path / "plain.mp4")
        duration = float(sample.duration[video])
    assert shown[0] == 0
    assert (np.diff(shown) > 0).all()
    assert len(set(np.diff(shown).round(2))) > 2, "the rate varies"
    assert duration - 0.3 < probe_video(tmp_path / "film.mp4").duration <= duration
    frames = list(read_frames(tmp_path / "film.mp4", fps=4))
    plain = [pixels for _, pixels in read_frames(tmp_path / "plain.mp4", fps=4)]
    for (time, pixels), upright in zip(frames, plain, strict=True):
        assert np.abs(pixels.astype(float) - upright).mean() < 6, f"not upright at {time:g} s"
    changes = [t for (t, a), (_, b) in zip(frames[1:], frames, strict=False) if (a != b).any()]
    due = [np.ceil(time * 4) / 4 for time in shown[1:]]
    assert changes == [time for time in due if time <= frames[-1][0]]


def test_a_film_without_thumbnails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with load_sample() as sample:
        monkeypatch.setattr(sample, "thumbnails", lambda video: [b""] * 9)
        with pytest.raises(ValueError, match="train_000a has no thumbnails: take a film of val"):
            render_film(sample, 0, tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()
