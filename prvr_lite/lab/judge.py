"""Which score a row is judged by, and what each query adds to that score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.lab.rows import EXPERIMENTS
from prvr_lite.lab.runs import FinishedRun, Run
from prvr_lite.search.metrics import RECALL_AT, rank_of_first_relevant, retrieval_metrics

ALPHAS = tuple(round(0.05 * i, 2) for i in range(21))
TUNED = "tuned"  # both scales, mixed by the alpha of the best SumR on val


def scales(scores: Mapping[str, Any], alpha: float) -> dict[str, Any]:
    """Returns the scores [Q, V] of a run by scale; without a frame scale only "fused"."""
    if "frame" not in scores:
        return {"fused": scores["clip"]}
    fused = alpha * scores["clip"] + (1 - alpha) * scores["frame"]
    return {"fused": fused, "clip": scores["clip"], "frame": scores["frame"]}


def best_alpha(finished: FinishedRun, relevant: Any, default: float) -> float:
    """Returns the alpha with a run's best SumR on val; in a tie, the one nearest the default.

    Args:
        relevant: [Q, V] bool, of val.
    """
    scores = finished.scores["val"]
    if "frame" not in scores:
        return default
    sums = {a: retrieval_metrics(scales(scores, a)["fused"], relevant)["SumR"] for a in ALPHAS}
    return max(ALPHAS, key=lambda a: (sums[a], -abs(a - default)))


def judged_by(experiment: str, against: str | None = None) -> str:
    """Returns the name of the score that a row is judged by.

    Models of the main table are scored with the paper's alpha. A change to MS-SL++ may need another
    alpha: both the change and MS-SL++ beside it get theirs from val.

    Args:
        against: the row that MS-SL++ is compared with.
    """
    row = EXPERIMENTS[experiment]
    if row.scale != "fused":
        return row.scale
    compared = row if against is None else EXPERIMENTS[against]
    return "fused" if compared.group == "main" else TUNED


def gains(
    finished: FinishedRun, run: Run, score: str, relevant: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Returns what each test query adds to R@1 and to SumR, in %, [2, Q].

    Args:
        score: a scale, or ``TUNED``.
        relevant: "val" and "test" -> [Q, V] bool.
    """
    alpha = run.config.alpha
    if score == TUNED:
        alpha = best_alpha(finished, relevant["val"], alpha)
    table = scales(finished.scores["test"], alpha)
    rank = rank_of_first_relevant(table.get(score, table["fused"]), relevant["test"])  # [Q]
    total: Any = np.sum([rank <= k for k in RECALL_AT], axis=0)
    return 100.0 * np.stack([rank == 1, total]).astype(np.float64)
