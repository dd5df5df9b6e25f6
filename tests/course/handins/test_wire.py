"""What travels between the processes is plain, and whatever else arrives is an error or a name."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from prvr_lite.course.grading.diagnosis import _draw
from prvr_lite.course.grading.session import exercises, find
from prvr_lite.course.handins import remote
from prvr_lite.course.handins.notebook import Answer, HandIn
from prvr_lite.course.handins.state import state_of, write_back
from prvr_lite.course.handins.task import lesson_modules, make_task, stripped
from prvr_lite.course.handins.wire import decode, encode


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -(2**70), 0.1, float("inf"), "text", b"\x00\xff", [1, [2.5, "x"]], (1, 2),
     {"a": 1, 2: [None]}],
)  # fmt: skip
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    assert decode(encode(value)) == value
    assert type(decode(encode(value))) is type(value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.bool, torch.int64])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 1, 3)])
def test_tensors_arrive_as_they_were(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    value = torch.ones(shape).to(dtype)
    back = decode(encode((value, value.mT if value.dim() > 1 else value)))[0]
    assert back.dtype == dtype
    assert torch.equal(back, value)


def test_tensors_of_any_stride_arrive() -> None:
    """A size of 1 may have any stride, and is contiguous to torch all the same."""
    values = torch.arange(9.0)
    for value in (
        values.as_strided((1,), (3,)),
        values.as_strided((1, 1), (5, 2), 4),
        values[::3],
        values.reshape(3, 3).T[:, :1],
        values[:1].expand(4, 1),
        torch.complex(values, values).conj(),
        torch.complex(values, values).conj().imag,
    ):
        assert torch.equal(decode(encode(value)), value)


def test_arrays_and_what_torch_names_arrive() -> None:
    assert decode(encode(np.arange(3)[::-1])).tolist() == [2, 1, 0]
    assert decode(encode(np.float32(0.5))).dtype == np.float32
    best = decode(encode(torch.tensor([[1.0, 2.0]]).max(1)))
    assert best.indices.tolist() == [1]
    assert np.isnan(decode(encode(float("nan"))))


def test_an_object_arrives_as_its_name() -> None:
    for value, name in ((iter([]), "list_iterator"), (OrderedDict(), "OrderedDict")):
        assert type(decode(encode(value))).__name__ == name
    assert type(decode(encode(torch.ones(1, device="meta")))).__name__.startswith("torch.float32")


@pytest.mark.parametrize(
    "message",
    [b"", b"{}", pickle.dumps(print), b"\x02" + bytes(7) + b"{}", encode([1])[:-1],
     (10**6).to_bytes(8, "little") + b"[" * 10**6,
     encode(torch.ones(3)).replace(b'"shape": [3]', b'"shape": [9]')],
)  # fmt: skip
def test_anything_else_is_an_error(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(message)


def test_what_training_changes_is_repeated_outside() -> None:
    """Weights, gradients, mode, rate and schedule of a run are those that the answer left."""
    inputs = _draw(find("train_steps"), 4)
    done, same = dict(inputs.items()), dict(inputs.items())
    find("train_steps").reference(**done)
    write_back(same["run"], decode(encode(state_of(done["run"]))))
    for one, other in zip(
        done["run"].model.parameters(), same["run"].model.parameters(), strict=True
    ):
        assert torch.equal(one, other)
        assert torch.equal(one.grad, other.grad)
    assert same["run"].model.training
    assert (
        same["run"].optimizer.param_groups[0]["lr"] == done["run"].optimizer.param_groups[0]["lr"]
    )
    assert same["run"].schedule.last_epoch == len(done["batches"])


def test_objects_that_can_not_travel_stay() -> None:
    allowed = {"dict": dict, "old": 1}
    write_back(allowed, decode(encode({"dict": dict, "new": print})))
    assert allowed.pop("dict") is dict
    assert type(allowed.pop("new")).__name__ == "builtin_function_or_method"
    assert not allowed


@pytest.mark.parametrize("name", exercises())
def test_the_process_is_not_given_the_solution(name: str) -> None:
    exercise = find(name)
    texts = [stripped(module, name) for module in lesson_modules(exercise.lesson)]
    assert not any(f"def {name}(" in text for text in texts)
    assert all(compile(text, "module", "exec") for text in texts)


def test_processes_are_started_again_where_none_can_be_forked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Windows."""
    monkeypatch.setattr(remote, "_context", lambda: remote.multiprocessing.get_context("spawn"))
    exercise = find("learning_rate_at")
    cell = "def learning_rate_at(step, steps, warm, peak):\n    return step / 2\n"
    task = make_task(exercise, HandIn("x", Path("x"), {exercise.name: Answer(cell)}))
    with remote.RemoteAnswer(task, 5, 1024) as answer:
        assert answer(step=3, steps=9, warm=2, peak=1.0) == 1.5
        assert answer(3, 9, 2, peak=1.0) == 1.5
        with pytest.raises(TypeError, match="unexpected keyword"):
            answer(stop=3)
