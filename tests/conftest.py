from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from toy import toy_dataset

from prvr_lite import files
from prvr_lite.data import hdf5_probe
from prvr_lite.data.dataset import Dataset

# A slow machine is no failure; where nobody watches, the same examples run every time.
settings.register_profile(
    "here",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("here")

# Small tensors gain nothing from threads, and on a busy machine threads that wait for each other
# make everything ten times slower.
torch.set_num_threads(1)


# With several workers, the longest groups start first, so that no worker is busy alone at the end.
# Lesson 8 trains the model that lessons 9, 10 and 12 take up: they come last among the lessons.
LONGEST = (
    "lesson 08", "test_browser", "lesson 13", "lesson 11", "lesson 05", "lesson 06", "lesson 07",
    "lesson 01", "lesson 03", "lesson 04", "lesson 02", "lesson 12", "lesson 09", "lesson 10",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs a file, because its fixtures are made once; of the lessons, one lesson."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(group(item), len(place)))


def group(item: pytest.Item) -> str:
    """The name of the tests that are run by the same worker as this one."""
    lesson = getattr(item, "callspec", None) and item.callspec.params.get("lesson")
    return f"lesson {lesson.number}" if hasattr(lesson, "number") else item.path.stem


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share, so that a model is trained once for all."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # each worker has its own below it
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Dataset]:
    with toy_dataset(tmp_path) as dataset:
        yield dataset


@pytest.fixture
def examined_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 files that a test has changed are examined in this process, which takes no time."""
    monkeypatch.setattr(files, "_verdict", hdf5_probe.verdict)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return torch.device(request.param)
