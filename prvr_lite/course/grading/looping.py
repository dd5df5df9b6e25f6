"""Does a right answer work the more often, the larger its inputs are?"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from prvr_lite.course.grading.exercise import Exercise, Function, Inputs, copy_inputs
from prvr_lite.course.grading.trying import own


def loop_fault(exercise: Exercise, answer: Function, cases: list[Inputs]) -> str | None:
    """Says so where an exercise asks for no loop and an answer that is right has one."""
    if not exercise.loop:
        return None
    counts = [_calls(answer, inputs, tuple(exercise.loop_calls)) for inputs in cases]
    if min(counts) == max(counts):
        return None
    return (
        f"the numbers are right, but a loop makes them ({min(counts)} calls of torch for the "
        f"smallest inputs, {max(counts)} for the largest). {exercise.loop}"
    )


def waste_fault(exercise: Exercise, answer: Function, cases: list[Inputs]) -> str | None:
    """Returns a message if a right answer reads more rows than it needs; else None."""
    name = exercise.sparing
    for inputs in cases if name else ():
        read, needed = (_rows_read(f, inputs, name) for f in (answer, exercise.reference))
        if read > needed:
            return (
                f"the result is right, but {read} rows of {name} are looked at where {needed} will "
                f"do: take out the rows that you need first, and work on those alone."
            )
    return None


def _rows_read(answer: Function, inputs: Inputs, name: str) -> int:
    if (count := getattr(answer, "count_rows", None)) is not None:  # it runs elsewhere
        return int(count(inputs, name))
    given = copy_inputs(inputs)
    reader = _Reader(given[name])
    with reader:
        answer(**given)
    return len(reader.rows)


class _Reader(TorchFunctionMode):
    """Notes which rows of a tensor are read: those taken out, or all if it is used as a whole."""

    PEEKS = ("__get__", "size", "dim", "numel", "__len__", "new_full", "new_zeros", "new_empty")
    TAKES = (
        *("__getitem__", "index_select", "select", "narrow", "masked_select"),
        *("gather", "take_along_dim", "take", "embedding"),
    )

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.place, self.count, self.rows = _place(table), table.numel(), set[int]()
        self.row_of = torch.arange(self.count) // max(table.shape[1:].numel(), 1)

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = list(_tensors([*args, *(kwargs or {}).values()]))
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") not in self.PEEKS and any(map(self._is_whole, given)):
            self.rows.update(self._taken(func, args, kwargs or {}).flatten().tolist())
        return result

    def _taken(self, func: Function, args: Any, kwargs: dict[str, Any]) -> Tensor:
        """Returns the numbers of the table's rows that a call reads."""
        if getattr(func, "__name__", "") not in self.TAKES:
            return self.row_of
        given = {name: self._rows(value) for name, value in kwargs.items()}
        taken: Tensor = func(*map(self._rows, args), **given)
        return taken

    def _is_whole(self, value: Any) -> bool:
        return (
            isinstance(value, Tensor)
            and value.numel() == self.count
            and _place(value) == self.place
        )

    def _rows(self, value: Any) -> Any:
        """Returns which row each number of a view of the tensor is from; other values unchanged."""
        if not self._is_whole(value):
            return value
        with torch._C.DisableTorchFunction():
            return self.row_of.as_strided(value.shape, value.stride())


def _place(tensor: Tensor) -> int:
    with torch._C.DisableTorchFunction():
        return tensor.untyped_storage().data_ptr()


def _calls(answer: Function, inputs: Inputs, names: tuple[str, ...] = ()) -> int:
    """Returns how often an answer calls torch with float tensors (it may loop over positions).

    ``names`` says which calls count; () all. Where numbers leave torch for a list or for NumPy,
    each of them or each line counts.
    """
    if (count := getattr(answer, "count_calls", None)) is not None:  # it runs elsewhere
        return int(count(inputs, names))
    answer(**copy_inputs(inputs))  # first, whatever is remembered for the next time
    counter = _Counter(names)
    before = sys.gettrace()

    def line(frame: FrameType, event: str, _: Any) -> Any:
        counter.lines += event == "line"
        return line

    sys.settrace(lambda frame, *_: line if own(frame, answer) else None)
    try:
        with counter:
            answer(**copy_inputs(inputs))
    finally:
        sys.settrace(before)
    return counter.count + counter.lines * counter.by_numpy


class _Counter(TorchFunctionMode):
    """Counts calls in which a tensor of floats takes part."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names, self.count, self.lines, self.by_numpy = names, 0, 0, False

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = _tensors([*args, *(kwargs or {}).values()])
        floats = [tensor for tensor in given if tensor.is_floating_point()]
        if not self.names or getattr(func, "__name__", "").strip("_") in self.names:
            self.count += floats[0].numel() if floats and func is Tensor.tolist else bool(floats)
        self.by_numpy = self.by_numpy or (bool(floats) and func in (Tensor.numpy, Tensor.__array__))
        return func(*args, **(kwargs or {}))


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """Yields all tensors among the arguments, also those in lists."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
