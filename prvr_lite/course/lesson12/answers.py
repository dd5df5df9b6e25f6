"""Lesson 12's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson12 import pickles as p


def bigfile_rows(data: bytes, ids: list[str], dim: int, names: list[str]) -> Tensor:
    """Rows of a feature.bin by name: its bytes, id.txt's ids, numbers per row -> [n, dim] float32.

    Little-endian float32, row after row; row r belongs to ids[r]. In the order of names.
    """
    table = np.frombuffer(data, "<f4").reshape(-1, dim)  # [rows, dim]
    place = {name: row for row, name in enumerate(ids)}
    return torch.from_numpy(table[[place[name] for name in names]])


def join_moments(caption_id: list[str], video: list[str], moment: Tensor) -> Tensor:
    """Times of captions "<video>#enc#<n>": videos [A] and moments [A, 2] of the annotations, s.

    Caption n belongs to annotation n of its video, counted from 0 in the order of the file;
    NaN where there is none. -> [Q, 2].
    """
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(video):
        rows.setdefault(name, []).append(row)
    times = moment.new_full((len(caption_id), 2), torch.nan)
    for q, caption in enumerate(caption_id):
        name, _, n = caption.partition("#enc#")
        video_rows = rows.get(name, [])
        if int(n) < len(video_rows):
            times[q] = moment[video_rows[int(n)]]
    return times


def read_without_running(files: list[bytes], allowed: dict[str, Any]) -> Tensor:
    """Each pickle's number under "alpha", NaN where it names what is not allowed: -> [P].

    allowed: "module.name" -> what stands for it. Nothing that a file brings is imported or called.
    """

    class Careful(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            return allowed[f"{module}.{name}"]

    def alpha(data: bytes) -> float:
        try:
            return float(Careful(io.BytesIO(data)).load()["alpha"])
        except KeyError:
            return float("nan")

    return torch.tensor([alpha(data) for data in files])


def cannot_add_up(printed: Tensor) -> Tensor:
    """Which rows of R@1, R@5, R@10, R@100, SumR [M, 5] no rounding can explain, [M] bool.

    Each number was rounded to one decimal, so it may be off by 0.05 on either side.
    """
    return (printed[:, :4].sum(1) - printed[:, 4]).abs() > 5 * 0.05


def optimism(val: Tensor, test: Tensor) -> Tensor:
    """What choosing on test adds: results of C choices with S seeds, [S, C] each -> one number.

    For each seed, the best on test less the test result of the best on val; the mean over seeds.
    """
    honest = test.gather(1, val.argmax(1, keepdim=True))[:, 0]  # [S]
    return (test.amax(1) - honest).mean()


def wrong_rows(data: bytes, ids: list[str], dim: int, names: list[str], wrong: str) -> Tensor:
    """bigfile_rows with something wrong in it."""
    kinds = {"half": "<f2", "whole": "<i4", "big": ">f4", "double": "<f8"}
    table = np.frombuffer(data, kinds.get(wrong, "<f4"))
    table = table.reshape(dim, -1).T if wrong == "columns" else table.reshape(-1, dim)
    order = sorted(ids) if wrong == "alphabet" else ids
    rows = [order.index(name) for name in (dict.fromkeys(names) if wrong == "once" else names)]
    if wrong == "file":
        rows.sort()
    if wrong == "numbers":
        read = [np.frombuffer(data, "<f4", dim, offset=row * dim) for row in rows]
        return torch.from_numpy(np.stack(read))
    return torch.from_numpy(table[rows].astype(np.float32))


def wrong_join(caption_id: list[str], video: list[str], moment: Tensor, wrong: str) -> Tensor:
    """join_moments with something wrong in it."""
    seen: defaultdict[str, int] = defaultdict(int)
    moments = []
    for one in caption_id:
        name, _, text = one.partition("#enc#")
        n = int(text[-1] if wrong == "digit" else text)
        n, seen[name] = (
            {"order": seen[name], "one": n - 1, "first": 0}.get(wrong, n),
            seen[name] + 1,
        )
        rows = [row for row, owner in enumerate(video) if owner == name]
        if wrong == "prefix":
            rows = [row for row, owner in enumerate(video) if owner.startswith(name)]
        if wrong == "sorted":
            rows.sort(key=lambda row: float(moment[row, 0]))
        if wrong == "file":
            rows = list(range(len(video)))
        if wrong == "last" and rows:
            n = min(n, len(rows) - 1)
        missing = torch.full((2,), 0.0 if wrong == "zero" else torch.nan)
        known = bool(rows) and n < len(rows)
        if known or wrong != "dropped":
            moments.append(moment[rows[n]] if known else missing)
    return torch.stack(moments)


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


def wrong_sums(printed: Tensor, wrong: str) -> Tensor:
    """cannot_add_up with something wrong in it."""
    off = printed[:, :4].sum(1) - printed[:, 4]
    if wrong == "all":
        off = printed.sum(1) - printed[:, 4]
    if wrong == "over":
        return off > 0.25
    if wrong == "under":
        return off < -0.25
    if wrong == "turned":
        return off.abs() <= 0.25
    bounds = {"exact": 0.0, "single": 0.05, "tenth": 0.15, "two": 0.35, "whole": 0.5}
    return off.abs() > bounds.get(wrong, 0.25)


def wrong_optimism(val: Tensor, test: Tensor, wrong: str) -> Tensor:
    """optimism with something wrong in it."""
    honest = test.gather(1, val.argmax(1, keepdim=True))[:, 0]
    gain = test.amax(1) - honest
    return {
        "told": (test.amax(1) - val.amax(1)).mean(),
        "own": (val.amax(1) - honest).mean(),
        "turned": -gain.mean(),
        "sum": gain.sum(),
        "best": gain.amax(),
        "once": (test.amax(1) - test[:, val.mean(0).argmax()]).mean(),
        "means": test.mean(0).amax() - test.mean(0)[val.mean(0).argmax()],
        "seeds": (test.amax(0) - test.gather(0, val.argmax(0, keepdim=True))[0]).mean(),
        "last": (test.amax(1) - test[:, -1]).mean(),
        "mean": (test.amax(1) - test.mean(1)).mean(),
    }[wrong]


def big_file(g: Generator) -> Inputs:
    """An even number of rows in no order; the last is asked for first, and one is asked twice."""
    half, dim = sizes(g, 2, 3, 6)
    rows = 2 * half
    ids = [f"clip_{int(i)}" for i in torch.randperm(90, generator=g)[:rows] + 10]
    ids[0], ids[1] = max(ids[:2]), min(ids[:2])  # not in alphabetical order
    data = normal(g, rows, dim).numpy().astype("<f4").tobytes()
    names = [ids[-1], ids[1], ids[-1], ids[0]]
    return {"data": data, "ids": ids, "dim": dim, "names": names}


def annotated(g: Generator) -> Inputs:
    """Videos of few and of many captions, one named like the start of another, one unknown."""
    few, fewer = sizes(g, 2, 2, 4)
    counts = {"v_12": few, "v_1": 12, "v_3": fewer}
    video = ["v_12", *("v_1" for _ in range(12)), *("v_12" for _ in range(few - 1))]
    video[4:4] = ["v_3"] * fewer
    start = 40 * torch.rand(len(video), generator=g)
    first = video.index("v_1")
    start[first] = 50.0  # not in the order of time
    moment = torch.stack([start, start + 1 + 9 * torch.rand(len(video), generator=g)], 1)
    asked = [f"{name}#enc#{n}" for name, count in counts.items() for n in range(count)]
    asked = [asked[i] for i in torch.randperm(len(asked), generator=g).tolist()]
    asked[2:2] = [f"v_3#enc#{fewer}", "v_7#enc#0"]
    asked.sort(key=lambda one: one == "v_1#enc#0")  # never before another caption of its video
    return {"caption_id": asked, "video": video, "moment": moment}


def files_to_read(g: Generator) -> Inputs:
    """Returns good files and bad ones, shuffled, each with another number."""
    contents = [{"alpha": float(a)} for a in 0.3 + 0.6 * torch.rand(10, generator=g)]
    files = [
        pickle.dumps(contents[0], 2),
        pickle.dumps(OrderedDict(contents[1]), 4),
        p.pickle_that_calls(p.HERE, "EasyDict", contents[2]),
        p.pickle_that_calls(p.HERE, "ring", contents[3]),
        p.pickle_that_calls(p.HERE, "ring", contents[4], protocol=4),
        p.beside(p.pickle_that_calls(p.HERE, "ring", "a note"), contents[5]["alpha"]),
        p.pickle_that_calls("collections", "Counter", contents[6]),  # allowed module, another name
        p.pickle_that_calls(p.HERE, "OrderedDict", contents[7]),  # an allowed name, another module
        p.pickle_that_calls("builtins", "dict", contents[8]),
        p.pickle_that_calls("types", "MappingProxyType", contents[9]),  # on nobody's list
    ]
    extra = int(torch.randint(3, (1,), generator=g))
    files += [pickle.dumps({"alpha": 0.1 * i}, 2) for i in range(1, extra + 1)]
    order = torch.randperm(len(files), generator=g).tolist()
    allowed = {"collections.OrderedDict": OrderedDict, f"{p.HERE}.EasyDict": dict}
    return {"files": [files[i] for i in order], "allowed": allowed}


def printed_rows(g: Generator) -> Inputs:
    """Rows of each difference that rounding can and cannot make."""
    off = torch.tensor([0.0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3, 0.4, -0.4, 0.9, -3.0])
    more = sizes(g, 1, 1, 5)[0]
    off = torch.cat([off, torch.zeros(more)])[torch.randperm(11 + more, generator=g)]
    steps = torch.randint(30, 200, (len(off), 4), generator=g).cumsum(1)  # in tenths
    total = steps.sum(1) - (10 * off).round()
    return {"printed": torch.cat([steps, total[:, None]], 1) / 10}


def two_splits(g: Generator) -> Inputs:
    """SumR of choices whose val and test agree in part."""
    seeds, choices = sizes(g, 2, 3, 8)
    merit = 4 * normal(g, choices)
    val = 300 + merit + 3 * normal(g, seeds, choices)
    test = 280 + merit + 3 * normal(g, seeds, choices)
    rows = torch.arange(seeds)
    val[rows, rows % choices] += 20.0  # no two of the first seeds prefer the same on val …
    test[rows, (rows + 1) % choices] += 9.0  # … and none prefers it on test
    return {"val": val, "test": test}
