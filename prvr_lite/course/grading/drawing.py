"""Tiny random inputs for exercises: sizes that all differ, padding full of garbage."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs


def sizes(g: Generator, count: int, low: int = 2, high: int = 9) -> list[int]:
    """Returns ``count`` different random numbers from low to high."""
    order = torch.randperm(high - low + 1, generator=g)[:count]
    return [low + int(i) for i in order]


def lengths(g: Generator, rows: int, width: int) -> Tensor:
    """Draws how many entries of each row are real, [rows], each from 1 to width.

    At least one row is full, and at least one is not.
    """
    drawn = torch.randint(1, width, (rows,), generator=g)
    drawn[torch.randint(rows, (1,), generator=g)] = width
    if bool((drawn == width).all()):
        drawn[0] = max(1, width - 1)
    return drawn


def mask(g: Generator, rows: int, width: int) -> Tensor:
    """Returns a random mask [rows, width] bool: True on real entries, False on padding."""
    return torch.arange(width) < lengths(g, rows, width)[:, None]


def normal(g: Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=g)


def eighths(g: Generator, *shape: int) -> Tensor:
    """Draws 0, 1/8 .. 7/8: sums of products of such numbers are exact, in any order."""
    return torch.randint(8, shape, generator=g) / 8


def signs(g: Generator, *shape: int) -> Tensor:
    """Draws a tensor of -1, 0 and 1, in which 0 is an ordinary value: no mark of missing data."""
    return torch.randint(-1, 2, shape, generator=g).float()


def fill_padding(tensor: Tensor, real: Tensor, g: Generator) -> Tensor:
    """Returns the tensor with large garbage where ``real`` is False.

    tensor [B, L] or [B, L, D], real [B, L].
    """
    garbage = 9 + 5 * torch.rand(tensor.shape, generator=g)
    keep = real if tensor.dim() == 2 else real[..., None]
    return torch.where(keep, tensor, garbage)


def other_padding(values: str, real: str) -> Callable[[Inputs], Inputs]:
    """Returns a function that puts other garbage into an input's padding (``Exercise.padding``)."""

    def change(inputs: Inputs) -> Inputs:
        fresh = fill_padding(inputs[values], inputs[real], torch.Generator().manual_seed(7))
        return {**inputs, values: fresh}

    return change


def cut(inputs: Inputs, axes: Mapping[str, str], letter: str, place: int) -> Inputs:
    """Returns the same inputs with only one place of one dimension."""
    return _along(inputs, axes, letter, lambda value, dim: value.narrow(dim, place, 1).clone())


def without(inputs: Inputs, axes: Mapping[str, str], letter: str, place: int) -> Inputs:
    """Returns the same inputs without one place of one dimension."""

    def fewer(value: Tensor, dim: int) -> Tensor:
        rows = torch.arange(value.shape[dim])
        return value.index_select(dim, rows[rows != place])

    return _along(inputs, axes, letter, fewer)


def _along(
    inputs: Inputs, axes: Mapping[str, str], letter: str, change: Callable[[Tensor, int], Tensor]
) -> Inputs:
    """Returns the same inputs with one dimension changed, of those that have it."""
    dims = {name: letters.index(letter) for name, letters in axes.items() if letter in letters}
    return inputs | {name: change(inputs[name], dim) for name, dim in dims.items()}


def keeps_real(before: Inputs, after: Inputs) -> bool:
    """Returns whether each mask still has a True in every row, if it had one in every row."""
    masks = [name for name, v in before.items() if isinstance(v, Tensor) and v.dtype == torch.bool]
    return all(after[m].any(-1).all() or not before[m].any(-1).all() for m in masks)


def fits(inputs: Inputs, axes: Mapping[str, str]) -> bool:
    """Returns whether each input has as many dimensions as letters (an exercise's own may not)."""
    return all(inputs[name].dim() == len(letters) for name, letters in axes.items())


def size_of(inputs: Inputs, axes: Mapping[str, str], letter: str) -> int:
    name = next(name for name, letters in axes.items() if letter in letters)
    return int(inputs[name].shape[axes[name].index(letter)])


def cuttable(axes: Mapping[str, str]) -> list[str]:
    """Returns the dimensions that may have size 1: those with a capital letter."""
    return sorted({letter for letters in axes.values() for letter in letters if letter.isupper()})
