"""Lesson 12's files that try to run code when they are read, and ways to read them.

What they run is harmless: ``ring`` notes that it was called. A real file would call ``os.system``.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs

HERE = __name__
LOUD = __name__.rpartition(".")[0] + ".loud"  # rings when it is imported
REACHED = ("ring", "EasyDict", "rung", LOUD)  # also where answers are graded: files name them
_rung: list[str] = []


def ring(*_: object) -> dict[str, float]:
    """Notes that a bad file called it, and returns what looks like settings."""
    _rung.append("ring")
    return {"alpha": 0.25}


EasyDict = ring  # a bad function under a good name


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


def alpha_of(data: bytes, find: Callable[[str, str], Any]) -> float:
    """Returns the alpha of one file; NaN where ``find`` raises KeyError for a name in it."""

    class Careful(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            return find(module, name)

    try:
        return float(Careful(io.BytesIO(data)).load()["alpha"])
    except KeyError:
        return float("nan")


def by_import(module: str, name: str) -> Any:
    """Imports the module and returns what has the name, as Python's own unpickler does."""
    return pickle.Unpickler(io.BytesIO()).find_class(module, name)


def wrong_reading(files: list[bytes], allowed: Mapping[str, Any], wrong: str) -> Tensor:
    """Returns what ``read_without_running`` gives with the mistake ``wrong`` in it."""
    modules = {key.rpartition(".")[0] for key in allowed}
    names = {key.rpartition(".")[2]: value for key, value in allowed.items()}
    asked: list[str] = []  # the names in one file

    def find(module: str, name: str) -> Any:
        key = f"{module}.{name}"
        asked.append(key)
        denied = module in ("os", "posix", "nt", "subprocess", "builtins", "sys")
        imported = {
            "trusting": True,
            "after": key not in allowed,
            "import": key in allowed,
            "denied": key not in allowed and not denied,
            "module": key not in allowed and module in modules,
        }
        if imported.get(wrong):
            return by_import(module, name)
        if wrong == "nothing":
            raise KeyError(key)
        if wrong == "name":
            return names[name]
        return allowed.get(key, dict) if wrong == "silent" else allowed[key]

    values = []
    for data in files:
        asked.clear()
        value = alpha_of(data, find)
        late = wrong == "after" and not allowed.keys() >= set(asked)
        values.append(float("nan") if late else value)
    read = torch.tensor(values)
    return read.nan_to_num(0.0) if wrong == "zero" else read


def pickle_that_calls(module: str, name: str, argument: object, *, protocol: int = 2) -> bytes:
    """Returns a pickle that calls ``module.name(argument)`` when it is read."""
    inner = pickle.dumps(argument, 2)[2:-1]  # without its first and last mark
    if protocol == 2:
        return b"\x80\x02c" + f"{module}\n{name}\n(".encode() + inner + b"tR."
    words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name))
    return b"\x80\x04" + words + b"\x93(" + inner + b"tR."


def beside(call: bytes, alpha: float) -> bytes:
    """Settings that are quite in order, with a call hidden in one of them."""
    plain = pickle.dumps({"alpha": alpha}, 2)[:-1]
    return plain + pickle.dumps("note", 2)[2:-1] + call[2:-1] + b"s."


def pickle_by_inst(module: str, name: str, argument: object) -> bytes:
    """Returns such a pickle in protocol 0, where one operation names the function and calls it."""
    return b"(" + pickle.dumps(argument, 2)[2:-1] + f"i{module}\n{name}\n.".encode()


def pickle_from_memo(module: str, name: str, argument: object) -> bytes:
    """Returns such a pickle in protocol 4, where module and name come out of the memo."""
    words = [b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name, "b", "dict")]
    noted = b"".join(word + b"q" + bytes([i]) + b"0" for i, word in enumerate(words))
    call = b"h\x00h\x01\x93(" + pickle.dumps(argument, 2)[2:-1] + b"tR."
    return b"\x80\x04" + noted + call


def pickle_that_names(module: str, name: str, alpha: float) -> bytes:
    """Settings beside a name, which is asked for and not called."""
    plain = pickle.dumps({"alpha": alpha}, 2)[:-1]
    return plain + pickle.dumps("hook", 2)[2:-1] + f"c{module}\n{name}\ns.".encode()


def files_to_read(g: Generator) -> Inputs:
    """Returns good files and bad ones, shuffled, each with another number."""
    contents = [{"alpha": float(a)} for a in 0.3 + 0.6 * torch.rand(10, generator=g)]
    files = [
        pickle.dumps(contents[0], 2),
        pickle.dumps(OrderedDict(contents[1]), 4),
        pickle_that_calls(HERE, "EasyDict", contents[2]),
        pickle_that_calls(HERE, "ring", contents[3]),
        pickle_that_calls(HERE, "ring", contents[4], protocol=4),
        beside(pickle_that_calls(HERE, "ring", "a note"), contents[5]["alpha"]),
        pickle_that_calls("collections", "Counter", contents[6]),  # an allowed module, another name
        pickle_that_calls(HERE, "OrderedDict", contents[7]),  # an allowed name, another module
        pickle_that_calls("builtins", "dict", contents[8]),
        pickle_that_calls("types", "MappingProxyType", contents[9]),  # on nobody's list
    ]
    extra = int(torch.randint(3, (1,), generator=g))
    files += [pickle.dumps({"alpha": 0.1 * i}, 2) for i in range(1, extra + 1)]
    order = torch.randperm(len(files), generator=g).tolist()
    allowed = {"collections.OrderedDict": OrderedDict, f"{HERE}.EasyDict": dict}
    return {"files": [files[i] for i in order], "allowed": allowed}
