"""Opens the sample data set that comes with the package: Emoji Theatre (data_samples/README.md)."""

from __future__ import annotations

from pathlib import Path

from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.files import trust_hdf5

# Of the file in data_samples/: it is known, so its first opening starts no process
SHA256 = "0478b769933839fd084e21fbe6d3abb26f0539de3375144f0c94f3ea8d4ed672"
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
