"""Lesson 12's files that try to run code when they are read.

What they run is harmless: ``ring`` notes that it was called. A real file would call ``os.system``.
"""

from __future__ import annotations

import pickle
import sys

HERE = __name__
LOUD = __name__.rpartition(".")[0] + ".loud"  # rings when it is imported
REACHED = ("ring", "EasyDict", "rung", LOUD)  # also where answers are graded: files name them
_rung: list[str] = []


def ring(*_: object) -> dict[str, float]:
    """Notes that a bad file called it, and returns what looks like settings."""
    _rung.append("ring")
    return {"alpha": 0.25}


EasyDict = ring  # a bad function under a good name
OrderedDict = dict  # a good name, in another module than it is allowed in


def rung() -> str | None:
    """Returns a message if ``ring`` was called since the last time (``Exercise.side_effect``)."""
    count = len(_rung)
    _rung.clear()
    sys.modules.pop(LOUD, None)  # its next import rings again
    if not count:
        return None
    return (
        f"{count} of the files ran code of their own while they were read. Here it only rang a "
        "bell: a real one deletes your files. Decide in find_class, before anything is imported "
        "or called."
    )


def pickle_that_calls(module: str, name: str, argument: object, *, protocol: int = 2) -> bytes:
    """Returns a pickle that calls ``module.name(argument)`` when it is read."""
    inner = pickle.dumps(argument, 2)[2:-1]  # without its first and last mark
    if protocol == 2:
        return b"\x80\x02c" + f"{module}\n{name}\n(".encode() + inner + b"tR."
    words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name))
    return b"\x80\x04" + words + b"\x93(" + inner + b"tR."


def beside(call: bytes, alpha: float) -> bytes:
    """Returns a pickle of harmless settings, with the pickle of a call hidden among them."""
    plain = pickle.dumps({"alpha": alpha}, 2)[:-1]
    return plain + pickle.dumps("note", 2)[2:-1] + call[2:-1] + b"s."
