"""What lessons share: a model is trained once and taken up again; results come with the package."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from prvr_lite.course import kit
from prvr_lite.data.dataset import Dataset
from prvr_lite.lab import results
from prvr_lite.lab.results import Results


def test_a_model_is_trained_once_and_taken_up_again(toy: Dataset, runs: Path) -> None:
    first, history = kit.trained("mean-pool", toy, epochs=2)
    seen: list[int] = []
    again, kept = kit.trained("mean-pool", toy, epochs=2, watch=lambda h: seen.append(len(h.rows)))
    assert kept.rows == history.rows
    assert seen == [2], "nothing was left to train"
    pairs = zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert sorted(path.name for path in runs.iterdir()) == ["lesson-mean-pool-seed0-epochs=2.pt"]


def test_no_training_is_silent(
    toy: Dataset, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit.trained("mean-pool", toy, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in lines] == [
        f"epoch {done} of 2" for done in range(3)
    ]
    assert all("kept as lesson-mean-pool-seed0-epochs=2.pt" in line for line in lines)
    assert ", loss " in lines[-1]


def test_other_seeds_and_changes_are_other_runs(toy: Dataset, runs: Path) -> None:
    kit.trained("mean-pool", toy, epochs=1)
    kit.trained("mean-pool", toy, epochs=1, seed=3)
    kit.trained("mean-pool", toy, epochs=1, learning_rate=0.1)
    assert len(list(runs.iterdir())) == 3


def test_a_change_that_is_none_is_named(toy: Dataset) -> None:
    with pytest.raises(ValueError, match="epoch: can't be changed; choose from epochs, batch"):
        kit.trained("mean-pool", toy, epoch=3)


def test_published_results_are_at_hand() -> None:
    values = Results.published().values("mssl++", "R@1")
    assert sorted(values) == [0, 1, 2, 3, 4]
    assert all(0 < value < 100 for value in values.values())


def test_missing_results_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_PLACES", (tmp_path / "a.csv", tmp_path / "b.csv"))
    with pytest.raises(FileNotFoundError, match=r"b\.csv does not exist"):
        Results.published()


@pytest.mark.parametrize(
    ("lesson", "module", "package"), [(11, "lancedb", "lancedb"), (8, "scipy", "scipy")]
)
def test_packages_that_a_lesson_needs_are_named(
    lesson: int, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lesson asks for what it imports, and for nothing else."""
    monkeypatch.setattr(kit, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(kit.NotReadyError, match=rf"%pip install {package}  in a cell"):
        kit.start(lesson)
    kit.start(1)
