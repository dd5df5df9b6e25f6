"""What an answer's process may send back: numbers, texts and plain arrays, never objects.

Nothing that arrives is run, as it would be with pickle. A value of any other type arrives as an
empty object of a class of the same name, so that a message can say what it was.
"""

from __future__ import annotations

import json
import math
from collections import namedtuple
from typing import Any

import numpy as np
import torch
from torch import Tensor

LARGEST = 64 * 2**20  # bytes of one message
DEPTH = 8  # of lists in lists
TEXT = 2_000  # letters of a text
DTYPES = {
    str(getattr(torch, name)).removeprefix("torch."): getattr(torch, name)
    for name in (
        "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
        "float64", "complex64", "complex128",
    )
}  # fmt: skip
Buffers = list[bytes]


class Other:
    """Stands in for an object that can't be sent; its class has the same name as the object's."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def encode(value: Any) -> bytes:
    """Returns a value as a header in JSON and the bytes of its arrays behind it."""
    buffers: Buffers = []
    head = json.dumps(_plain(value, buffers, DEPTH)).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(buffers)


def decode(message: bytes) -> Any:
    """Returns the value that ``encode`` was given.

    Raises:
        ValueError: it isn't such a message.
    """
    length = int.from_bytes(message[:8], "little")
    try:
        reader = _Reader(memoryview(message)[8 + length :])
        return reader.value(json.loads(message[8 : 8 + length]), DEPTH)
    except Exception as error:  # whatever an answer's process may send
        raise ValueError(f"a reply that can't be read: {error}") from error


def _plain(value: Any, buffers: Buffers, depth: int) -> Any:
    """Returns a JSON value: None, bool and str as they are, everything else as {kind: content}."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value[:TEXT]
    if kind is int:
        return {"int": hex(value)} if value.bit_length() < 4096 else _other(value)
    if kind is float:
        return {"float": value.hex() if math.isfinite(value) else repr(value)}
    if isinstance(value, Tensor):
        return _tensor(value, buffers)
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(value, buffers)
    if kind is bytes:
        return {"bytes": _buffer(buffers, value)}
    if depth > 0 and (kind in (list, dict) or isinstance(value, tuple)):
        return _container(value, buffers, depth - 1)
    return _other(value)


def _container(value: Any, buffers: Buffers, depth: int) -> Any:
    if isinstance(value, dict):
        pairs = [[_plain(part, buffers, depth) for part in pair] for pair in value.items()]
        return {"dict": pairs}
    parts = [_plain(part, buffers, depth) for part in value]
    if isinstance(value, list):
        return {"list": parts}
    named = [n for n in ("values", "indices") if hasattr(value, n)]  # as max and sort give them
    return {"tuple": parts, "names": named if len(named) == len(parts) else []}


def _tensor(value: Tensor, buffers: Buffers) -> Any:
    name = str(value.dtype).removeprefix("torch.")
    if value.device.type != "cpu" or value.layout != torch.strided or name not in DTYPES:
        return {"other": f"{value.dtype} tensor on {value.device}"}
    flat = torch.empty(value.numel(), dtype=value.dtype)  # of any stride, even where a size is 1
    flat.copy_(value.detach().reshape(-1))
    size = _buffer(buffers, flat.view(torch.uint8).numpy().tobytes())
    return {"tensor": name, "shape": list(value.shape), "bytes": size}


def _array(value: Any, buffers: Buffers) -> Any:
    if value.dtype.kind not in "biufc":
        return _other(value)
    kind = "array" if isinstance(value, np.ndarray) else "number"
    size = _buffer(buffers, np.ascontiguousarray(value).tobytes())
    return {kind: value.dtype.str, "shape": list(value.shape), "bytes": size}


def _buffer(buffers: Buffers, data: bytes) -> int:
    buffers.append(data)
    return len(data)


def _other(value: Any) -> Any:
    return {"other": type(value).__name__[:60]}


class _Reader:
    """Reads the arrays behind a header, one after the other."""

    def __init__(self, data: memoryview) -> None:
        self.data = data

    def value(self, plain: Any, depth: int) -> Any:
        if plain is None or isinstance(plain, (bool, str)):
            return plain
        if "int" in plain:
            return int(plain["int"], 16)
        if "float" in plain:
            text = str(plain["float"])
            return float.fromhex(text) if "x" in text else float(text)
        if "other" in plain:
            return type(str(plain["other"])[:60], (Other,), {})()
        if "dict" in plain:
            return {self.key(k): self.value(v, depth - 1) for k, v in plain["dict"]}
        if "list" in plain or "tuple" in plain:
            return self.sequence(plain, depth - 1)
        return self.array(plain)

    def key(self, plain: Any) -> Any:
        key = self.value(plain, 1)
        return key if isinstance(key, (str, int, float, bool, type(None))) else repr(type(key))

    def sequence(self, plain: Any, depth: int) -> Any:
        if depth < 0:
            raise ValueError("a reply that can't be read: lists in lists in lists")
        parts = [self.value(part, depth) for part in plain.get("list", plain.get("tuple"))]
        if "list" in plain:
            return parts
        if plain["names"] == ["values", "indices"] and len(parts) == 2:
            return namedtuple("values_and_indices", ("values", "indices"))(*parts)
        return tuple(parts)

    def array(self, plain: Any) -> Any:
        size, shape = int(plain["bytes"]), [int(n) for n in plain.get("shape", [])]
        data, self.data = self.data[:size].tobytes(), self.data[size:]
        if "tensor" in plain:
            dtype = DTYPES[plain["tensor"]]
            flat = torch.frombuffer(bytearray(data), dtype=dtype) if data else torch.empty(0)
            return flat.to(dtype).reshape(shape)
        if "array" in plain or "number" in plain:
            dtype = np.dtype(str(plain.get("array", plain.get("number"))))
            array = np.frombuffer(data, dtype).reshape(shape)
            return array.copy() if "array" in plain else array[()]
        return data
