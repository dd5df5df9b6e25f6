"""Opens the sample data set that comes with the package: Emoji Theatre (data_samples/README.md)."""

from __future__ import annotations

from pathlib import Path

from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.files import trust_hdf5

# Of the file in data_samples/: it is known, so its first opening starts no process
SHA256 = "b435d922897b4767ecbcf8e758088793267dcc59a84f0baec0b7bfba42c2bbd8"
NAME = "emoji_theatre.h5"
_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / NAME, _HERE.parents[1] / "data_samples" / NAME)  # a wheel's; a clone's


def load_sample() -> Dataset:
    """Opens the sample data set: little films of emoji, with captions and moments.

    Raises:
        FileNotFoundError: the file is missing in the installed package and in the clone.
    """
    for place in _PLACES:
        if place.exists():
            trust_hdf5(place, SHA256)
            return open_features(place)
    looked = " and ".join(str(place) for place in _PLACES)
    raise FileNotFoundError(
        f"{NAME} is missing; looked for {looked}. Install the package again, or make the file with "
        "`python data_samples/make_emoji_theatre.py` (in a clone)"
    )


def sample_film(video_id: str) -> tuple[Path, Path]:
    """Finds one of the few sample films whose video file comes with the package.

    Returns:
        its MP4 file and its poster, a WebP file.

    Raises:
        FileNotFoundError: this film does not come as a video; names those that do.
    """
    names: set[str] = set()
    for place in _PLACES:
        movies = {movie.stem: movie for movie in (place.parent / "films").glob("*.mp4")}
        if video_id in movies:
            return movies[video_id], movies[video_id].with_suffix(".webp")
        names |= set(movies)
    raise FileNotFoundError(
        f"There is no video file of '{video_id}'. To fix it: take one of "
        f"{', '.join(sorted(names)) or 'none; install the package again'}"
    )
