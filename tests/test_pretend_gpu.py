"""Every path of the package on a device that does not exist: a forgotten ``.to(device)`` raises.

It takes the place of a GPU, which no machine that tests this package need have.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch.utils.backend_registration

HERE = Path(__file__).parent
LIMIT = 600  # s for all walks; they take half a minute

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend"),
        reason="this torch has no devices that are written in Python",
    ),
]


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    command = [sys.executable, "pretend_walks.py", str(tmp_path_factory.mktemp("walks"))]
    environment = {**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(HERE.parent)  # for the helpers of benchmarks
    done = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_every_path_runs_on_another_device_and_gives_the_same(
    walks: dict[str, str | None],
) -> None:
    from prvr_lite.model.registry import TRAINABLE

    named = {f"training {name}" for name in TRAINABLE}
    named |= {"searching", "zero-shot", "moments", "clustering", "what a GPU refuses"}
    assert named <= walks.keys()
    wrong = {name: problem[-1500:] for name, problem in walks.items() if problem}
    assert not wrong, "\n\n".join(f"{name}: {problem}" for name, problem in wrong.items())
