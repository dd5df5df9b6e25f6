"""Lesson 12's inputs that every check tries: names that hold names, other pickles, exact tenths."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson12 import pickles as p


def hard_files(g: Generator) -> Iterator[Inputs]:
    """Ids that begin or end like others; one row; one number per row; any number of names."""
    ids = ["clip_12", "clip_1", "lip_1", "clip_121", "", "12", "clip_1 "]
    for names in (ids[1:2], ids[::-1], [ids[2], ids[1]] * 5):
        for dim in (1, 3):
            data = (1000 * normal(g, len(ids), dim)).numpy().astype("<f4").tobytes()
            yield {"data": data, "ids": list(ids), "dim": dim, "names": list(names)}
    one = normal(g, 1, 2).numpy().astype("<f4").tobytes()
    yield {"data": one, "ids": ["only"], "dim": 2, "names": ["only", "only"]}


def hard_captions(g: Generator) -> Iterator[Inputs]:
    """Videos whose names hold others'; hundreds of captions; one caption; none that is known."""
    video = ["v_1", "v_10", "v_1", "1", "v_100", "v_1", "1", "v_10", "_1"]
    start = 90 * torch.rand(len(video), generator=g)
    moment = torch.stack([start, start + 1 + 8 * torch.rand(len(video), generator=g)], 1)
    asked = [
        f"{name}#enc#{n}" for name in ("v_10", "1", "v_1", "_1", "v_100", "v") for n in (2, 0, 1)
    ]
    yield {"caption_id": asked, "video": video, "moment": moment}
    yield {"caption_id": ["v_1#enc#2"], "video": video, "moment": moment}
    yield {"caption_id": ["v_1#enc#3", "v_9#enc#0"], "video": video, "moment": moment}
    many = ["a"] * 120 + ["b"]
    moment = torch.rand(121, 2, generator=g).sort(1).values
    asked = [f"a#enc#{n}" for n in (119, 100, 10, 9, 1, 11, 120, 0)] + ["b#enc#0", "b#enc#1"]
    yield {"caption_id": asked, "video": many, "moment": moment}


def hard_pickles(g: Generator) -> Iterator[Inputs]:
    """Names in every way that pickles have; names that are only named; modules that ring."""
    allowed = {
        "collections.OrderedDict": OrderedDict,
        f"{p.HERE}.EasyDict": dict,
        f"{p.LOUD}.EasyDict": dict,  # allowed, and yet never imported
        "not_installed.Settings": dict,
    }
    alpha = [float(x) for x in 0.3 + 0.6 * torch.rand(11, generator=g)]
    content = [{"alpha": a} for a in alpha]
    files = [
        pickle_by_inst(p.HERE, "ring", content[0]),
        pickle_by_inst("not_installed", "Settings", content[1]),
        pickle_from_memo(p.HERE, "ring", content[2]),
        pickle_from_memo("collections", "OrderedDict", content[3]),
        pickle_that_names(p.HERE, "ring", alpha[4]),
        pickle_that_names("os", "system", alpha[5]),
        pickle_that_names("collections", "OrderedDict", alpha[6]),
        pickle_that_names(p.LOUD, "remove", alpha[7]),
        p.pickle_that_calls(p.LOUD, "EasyDict", content[8]),
        p.pickle_that_calls("not_there.at_all", "EasyDict", content[9]),
        pickle.dumps(content[10], 0),
    ]
    yield {"files": files, "allowed": allowed}
    for file in files:
        yield {"files": [file], "allowed": allowed}
    yield {"files": [pickle.dumps(content[0], 4), files[2]], "allowed": {}}


def exact_tenths(g: Generator) -> Iterator[Inputs]:
    """Every difference around the bound, for small sums and large ones."""
    for largest in (5, 60, 250):
        off = torch.tensor([-3, -2, -1, 0, 1, 2, 3]).repeat(12)
        tenths = torch.randint(10, 4 * largest, (len(off), 4), generator=g)
        total = tenths.sum(1) + off
        yield {"printed": torch.cat([tenths, total[:, None]], 1) / 10}
    small = torch.tensor([[0, 0, 0, 0, 0], [1, 2, 2, 2, 7], [0, 0, 1, 1, 2], [1, 1, 1, 2, 4]]) / 10
    yield {"printed": small}
    for row in small:
        yield {"printed": row[None]}


def few_choices(g: Generator) -> Iterator[Inputs]:
    """One seed; two choices; the best choice first or last on either split."""
    for shape in ((1, 3), (1, 2), (4, 2), (2, 5)):
        val, test = normal(g, *shape), 300 + 5 * normal(g, *shape)
        for on_val, on_test in ((0, -1), (-1, 0), (-1, 1)):
            one, another = val.clone(), test.clone()
            one[:, on_val] += 20
            another[:, on_test] += 30
            yield {"val": one, "test": another}
    close = 200 + torch.randperm(4, generator=g).expand(3, 4) / 8192  # SumRs that are hardly apart
    yield {"val": close, "test": 300 + 5 * normal(g, 3, 4)}


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
    """Returns a pickle of settings and a function's name, which is looked up but not called."""
    return p.beside(b"\x80\x02" + f"c{module}\n{name}\n.".encode(), alpha)
