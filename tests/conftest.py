from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from toy import toy_dataset

from prvr_lite.data.features import Dataset

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


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Dataset]:
    with toy_dataset(tmp_path) as dataset:
        yield dataset


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return torch.device(request.param)
