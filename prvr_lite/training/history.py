"""What a training run tells of itself, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """What happened, epoch by epoch: a list of plain dicts that plots and tables read.

    Keys of a row: epoch, loss and its terms (means over the epoch), learning_rate, seconds
    (training alone), and where validation ran R@1, R@5, R@10, R@100, SumR, mAP, MedR.
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, float]:
        """The row of the best validation SumR; the last one where validation never ran."""
        measured = [row for row in self.rows if "SumR" in row]
        return max(measured, key=lambda row: row["SumR"]) if measured else self.rows[-1]

    @property
    def seconds(self) -> float:
        """Training time in all, without validation."""
        return sum(row["seconds"] for row in self.rows)
