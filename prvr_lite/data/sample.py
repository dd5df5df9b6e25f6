"""The bundled sample features, Emoji Theatre (see data_samples/README.md)."""

from __future__ import annotations

from pathlib import Path

from prvr_lite.data.dataset import Dataset, open_features

NAME = "emoji_theatre.h5"
_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / NAME, _HERE.parents[1] / "data_samples" / NAME)  # a wheel's; a clone's


def load_sample() -> Dataset:
    """Open the sample data set: little films of emoji, their captions and moments.

    Raises:
        FileNotFoundError: the file is neither in the installed package nor in the clone.
    """
    for place in _PLACES:
        if place.exists():
            return open_features(place)
    looked = " and ".join(str(place) for place in _PLACES)
    raise FileNotFoundError(
        f"{NAME} is missing; looked for {looked}. Install the package again, or make the file with "
        "`python data_samples/make_emoji_theatre.py` (in a clone)"
    )
