"""A device that does not exist: its tensors live on the CPU, and mixing them with the CPU's raises.

It finds what otherwise only a GPU shows: a forgotten ``.to(device)``, indices or masks that were
left on the CPU, ``numpy()`` of a tensor on the device, a generator of the CPU. The numbers are the
CPU's, so that a run gives the same results as without it, to the last digit.

torch offers a device type for backends that are written in Python (``privateuseone``). Import this
module before ``prvr_lite``: it puts ``torch.no_grad`` in the place of ``torch.inference_mode``,
which such tensors do not support. A process that imported it can't go back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"
aten = torch.ops.aten
CROSSING = {aten._to_copy.default, aten.copy_.default, aten._copy_from.default}  # between devices
INDEXED = {  # a tensor on a GPU takes indices from the CPU, but not the other way round
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}


class MixedDevicesError(RuntimeError):
    """An operation got tensors of both devices."""


class PretendTensor(torch.Tensor):
    """A tensor on the device that does not exist; ``values`` are its numbers, on the CPU."""

    values: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, values: torch.Tensor) -> PretendTensor:
        shell = torch.Tensor._make_wrapper_subclass(
            cls,
            values.size(),
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            device=DEVICE,
        )
        shell.values = values.detach()
        return shell

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError(f"can't convert a tensor on {DEVICE} to numpy: copy it with .cpu() first")

    def __array__(self, dtype: Any = None) -> Any:
        return self.numpy()

    def tolist(self) -> Any:
        return self.values.tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"PretendTensor({self.values})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.values.__reduce_ex__(protocol)  # a file does not keep this device

    @classmethod
    def __torch_dispatch__(
        cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(operation, args, kwargs or {})


class _Placing(TorchDispatchMode):
    """Sees to it that tensors which are made on the device, or copied to it, get there."""

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        leaves = tree_leaves((args, kwargs))
        if _is_ours(kwargs.get("device")) or any(isinstance(x, PretendTensor) for x in leaves):
            return _compute(operation, args, kwargs)
        return operation(*args, **kwargs)


class _Module:
    """What torch asks of ``torch.pretend``."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def manual_seed_all(self, seed: int) -> None:
        pass  # random numbers are drawn by the CPU's generator

    def _is_in_bad_fork(self) -> bool:
        return False

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


def _is_ours(device: Any) -> bool:
    return device is not None and torch.device(device).type == NAME


def _compute(operation: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operation: refused if it mixes devices, computed on the CPU, its results placed."""
    if operation is torch.ops.prim.device.default:
        return DEVICE
    leaves = tree_leaves((args, kwargs))
    ours = [x for x in leaves if isinstance(x, PretendTensor)]
    _refuse_mixtures(operation, args, kwargs, leaves, bool(ours))
    device = kwargs.get("device")
    placed = bool(ours) if device is None else _is_ours(device)
    inner = {**kwargs}
    if _is_ours(device):
        inner["device"] = torch.device("cpu")
    result = operation(*_unwrapped(args), **_unwrapped(inner))
    if operation in CROSSING - {aten._to_copy.default}:
        return args[0]  # what was written to, on whichever device it is
    return tree_map(lambda x: _wrapped(x, ours) if placed else x, result)


def _refuse_mixtures(
    operation: Any, args: Any, kwargs: dict[str, Any], leaves: list[Any], ours: bool
) -> None:
    generator = kwargs.get("generator")
    if generator is not None and (ours or _is_ours(kwargs.get("device"))):
        raise MixedDevicesError(f"{operation}: a generator of the CPU for a tensor on {NAME}")
    if operation in CROSSING or not ours:
        return
    if operation in INDEXED and isinstance(args[0], PretendTensor):
        leaves = [args[0], *args[2:]]  # what is written must be on the device, indices need not
    plain = [
        x for x in leaves
        if isinstance(x, torch.Tensor) and not isinstance(x, PretendTensor) and x.dim() > 0
    ]  # fmt: skip
    if plain:
        shapes = [list(x.shape) for x in plain]
        raise MixedDevicesError(f"{operation}: {NAME} and CPU (of shapes {shapes})")


def _unwrapped(arguments: Any) -> Any:
    return tree_map(lambda x: x.values if isinstance(x, PretendTensor) else x, arguments)


def _wrapped(result: Any, ours: list[PretendTensor]) -> Any:
    if not isinstance(result, torch.Tensor):
        return result
    for one in ours:
        if one.values is result:  # what works in place returns its input
            return one
    return PretendTensor(result)


class _NoGrad:
    """``torch.no_grad`` with the arguments of ``torch.inference_mode``."""

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        if callable(mode):
            return torch.no_grad()(mode)
        return torch.no_grad() if mode else contextlib.nullcontext()


_setup_privateuseone_for_python_backend(NAME, backend_module=_Module())
DEVICE = torch.device(NAME, 0)
torch.inference_mode = _NoGrad  # type: ignore[assignment,misc]


@contextlib.contextmanager
def pretending() -> Iterator[torch.device]:
    """Within it tensors can be made on the device and copied to it and back."""
    torch.__future__.set_swap_module_params_on_conversion(True)
    with _Placing():
        yield DEVICE
