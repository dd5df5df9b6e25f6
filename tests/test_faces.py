"""Faces: every room offers what its stub lists, and loads it when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "prvr_lite"
FACES = [
    ".".join(["prvr_lite", *path.relative_to(PACKAGE).parts[:-1]])
    for path in sorted(PACKAGE.rglob("__init__.pyi"))
]


def python(code: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", FACES)
def test_a_face_offers_what_its_stub_lists(name: str) -> None:
    room = import_module(name)
    assert room.__all__
    for public in room.__all__:
        assert getattr(room, public) is not None
        assert public in dir(room)
    with pytest.raises(AttributeError, match="has no attribute 'gone'"):
        _ = room.gone
    with pytest.raises(ImportError):
        exec(f"from {name} import gone")


def test_a_face_loads_only_what_is_asked_for() -> None:
    loaded = "sorted(m for m in sys.modules if m.startswith('prvr_lite.'))"
    assert python(f"import sys, prvr_lite; print({loaded})") == "['prvr_lite.faces']"
    code = f"import sys; from prvr_lite.model import clip_spans; print({loaded})"
    assert "prvr_lite.model.clustering" not in python(code)
    code = "import prvr_lite; print(prvr_lite.plots.similarity_map.__name__)"
    assert python(code) == "similarity_map", "a room can be reached from the package"


@pytest.mark.parametrize(
    "first", ["import prvr_lite.training.fit", "from prvr_lite.training import History", "pass"]
)
def test_a_name_spelled_like_its_file_is_the_name(first: str) -> None:
    code = f"{first}; from prvr_lite.training import fit; print(fit.__module__, callable(fit))"
    assert python(code.replace("; from", "\nfrom")) == "prvr_lite.training.fit True"


@pytest.mark.parametrize(
    "asked", ["from prvr_lite.lesson import start", "import prvr_lite.exercises"]
)
def test_a_notebook_of_an_earlier_version_hears_what_to_do(asked: str) -> None:
    """Its first cell asks for a module that was moved: one line, in IPython without a traceback."""
    with pytest.raises(ModuleNotFoundError, match=r"made for prvr_lite 0\.1, and") as caught:
        exec(asked)
    (line,) = caught.value._render_traceback_()  # type: ignore[attr-defined]
    assert line.startswith("Not ready: this notebook was made for")
    assert "\n" not in line
