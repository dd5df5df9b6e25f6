from __future__ import annotations

from pathlib import Path

import pytest

from prvr_lite.course import kept


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what lessons keep, of each test its own; it is made when it is needed."""
    monkeypatch.setenv(kept.RUNS, str(tmp_path / "runs"))
    return tmp_path / "runs"
