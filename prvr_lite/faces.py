"""The public names of each room of the package; a name is loaded when it is first used.

A room is a folder. Its ``__init__.pyi`` lists the names that users and notebooks may import from
it; type checkers and editors read this list too. Its ``__init__.py`` calls :func:`face`. So whoever
imports one file of a room loads neither the room's other files nor the libraries that they need.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


class _Face(ModuleType):
    """A room that loads the file of a public name when the name is first used."""

    _public: Mapping[str, str]  # name -> module that holds it

    def __getattr__(self, name: str) -> Any:
        if name in self._public:
            value = getattr(import_module(self._public[name]), name)
        elif not name.startswith("_") and find_spec(f"{self.__name__}.{name}") is not None:
            value = import_module(f"{self.__name__}.{name}")
        else:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds every file to its room. Where a public name is spelled like its
        # file (`training.fit`), the name is meant.
        if isinstance(value, ModuleType) and name in self._public:
            value = getattr(value, name, value)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._public})


def face(room: str, path: str) -> None:
    """Lets a room offer the names that its ``__init__.pyi`` lists.

    Args:
        room: ``__name__`` of the room.
        path: ``__file__`` of its ``__init__.py``.
    """
    stub = ast.parse(Path(path).with_suffix(".pyi").read_text(encoding="utf-8"))
    public = {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    module: Any = sys.modules[room]
    vars(module)["_public"] = public
    module.__all__ = sorted(public)
    module.__class__ = _Face


class OneLineError(Exception):
    """An error that a notebook shows in one line: what is missing, and what to do."""

    def _render_traceback_(self) -> list[str]:  # IPython's hook
        return [f"Not ready: {self}"]


class MovedError(OneLineError, ModuleNotFoundError):
    """A module has moved since version 0.1."""


class MovedModules(MetaPathFinder):
    """Raises MovedError when a notebook of version 0.1 imports a module that was moved.

    Args:
        names: full names of these modules.
        version: of the package that is installed.
    """

    def __init__(self, names: Sequence[str], version: str) -> None:
        self.names, self.version = names, version

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Raises MovedError for a module that was moved; returns None for every other module."""
        if fullname in self.names:
            raise MovedError(
                f"this notebook was made for prvr_lite 0.1, and prvr_lite {self.version} is "
                "installed: open the notebook of the same name from this version's notebooks "
                "folder, or install prvr_lite 0.1",
                name=fullname,
            )
        return None
