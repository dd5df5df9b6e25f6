"""What an answer did to its inputs, as plain values: its process reports, the parent repeats."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor, nn, no_grad
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from prvr_lite.course.handins.wire import Other

State = Any  # plain values that ``wire`` takes
NUMBERS = (bool, int, float, str, type(None))


def state_of(value: Any) -> State:
    """Returns what can change in a value; an object without such a state gives None."""
    if isinstance(value, nn.Module):
        grads = {name: p.grad for name, p in value.named_parameters()}
        return {"train": [m.training for m in value.modules()], "grad": grads, "state": _own(value)}
    if isinstance(value, Optimizer):
        return {"groups": [_numbers(group) for group in value.param_groups]}
    if isinstance(value, LRScheduler):
        return {"numbers": _numbers(vars(value))}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: state_of(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (Tensor, bytes, *NUMBERS)):
        return value
    if type(value) is list:
        return list(value)
    return dict(value) if type(value) is dict else None


def write_back(value: Any, state: State) -> None:
    """Changes a value to a state that ``state_of`` gave; what can't be changed stays."""
    if state is None:
        return
    if isinstance(value, Tensor) and isinstance(state, Tensor):
        value.data = state.to(value.dtype)
    elif isinstance(value, nn.Module):
        _write_module(value, state)
    elif isinstance(value, Optimizer):
        for group, numbers in zip(value.param_groups, state["groups"], strict=True):
            group.update(numbers)
    elif isinstance(value, LRScheduler):
        vars(value).update(state["numbers"])
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            write_back(getattr(value, f.name), state.get(f.name))
    elif isinstance(value, list) and isinstance(state, list):
        value[:] = [_kept(new, dict(enumerate(value)), i) for i, new in enumerate(state)]
    elif isinstance(value, dict) and isinstance(state, dict):
        new = {key: _kept(part, value, key) for key, part in state.items()}
        value.clear()
        value.update(new)


def _kept(new: Any, old: dict[Any, Any], key: Any) -> Any:
    """Returns the new value of a place, or the old one if the new one couldn't be sent."""
    return old.get(key, new) if isinstance(new, Other) else new


def _write_module(module: nn.Module, state: State) -> None:
    own = _own(module)
    with no_grad():
        for name, tensor in state["state"].items():
            if own[name].shape == tensor.shape:
                own[name].copy_(tensor)
    for name, parameter in module.named_parameters():
        parameter.grad = state["grad"].get(name)
    for part, training in zip(module.modules(), state["train"], strict=True):
        part.training = bool(training)


def _own(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in module.state_dict().items()}


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the entries that are numbers or lists of numbers."""

    def plain(value: Any) -> bool:
        if type(value) is list:
            return all(type(part) in NUMBERS for part in value)
        return type(value) in NUMBERS

    return {name: value for name, value in values.items() if plain(value)}
