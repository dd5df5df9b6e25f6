"""The authors' own code as a side of a benchmark, imported from a checkout of yours.

    git clone https://github.com/HuiGuanLab/ms-sl-pp ../ms-sl-pp
    python -m benchmarks.clustering --released ../ms-sl-pp

None of it is part of this project: without ``--released``, the side to compare with is our plain
formulation (`released*.py`). Its modules run as they are, on the CPU. Packages that they import but
that nothing measured here needs (matplotlib) get an empty stand-in where they are missing, and
easydict a dictionary with attributes.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

# What is called, by module; a checkout that lacks one of them is refused.
NEEDED = {
    "method.fast_kmeans": "batch_fast_kmedoids_with_split",
    "method.model": "MS_SL_Net_pp",
    "method.optimization": "BertAdam",
}
SPLIT = 64  # videos clustered at once, as the model does it for fewer than 64 medoids
MAX_FRAMES, MAX_WORDS = 128, 30


class Settings(dict[str, Any]):
    """Stands in for easydict's EasyDict: a dictionary whose keys are attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class Checkout:
    """The parts of the released code that are measured.

    Raises:
        ValueError: the folder is not a checkout of it, or can't be imported.
    """

    def __init__(self, path: Path) -> None:
        for module in NEEDED:
            file = path.joinpath(*module.split(".")).with_suffix(".py")
            if not file.is_file():
                raise ValueError(
                    f"{path} is not a checkout of HuiGuanLab/ms-sl-pp: it has no {file}"
                )
        self.modules: dict[str, Any] = {}
        with importable(path):
            for module, name in NEEDED.items():
                try:
                    self.modules[module] = importlib.import_module(module)
                except Exception as error:
                    reason = " ".join(f"{type(error).__name__}: {error}".split())
                    raise ValueError(f"{path}: {module} can't be imported ({reason})") from error
                if not hasattr(self.modules[module], name):
                    raise ValueError(f"{path}: {module} has no {name}: take the released version")

    def kmedoids(self, points: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Medoid rows [B, k], sorted, and the cluster of each point [B, N], of [B, N, D] points."""
        cluster = self.modules["method.fast_kmeans"].batch_fast_kmedoids_with_split
        assignment, medoid = cluster(points, k, split_size=SPLIT)
        return medoid, assignment

    def network(
        self,
        visual_dim: int,
        query_dim: int,
        hidden_dim: int,
        k: int,
        *,
        units: int = 32,
        **other: Any,
    ) -> Any:
        """Its model, with hard negatives from a pool of 20, as from epoch 20 on."""
        settings = {
            "visual_input_size": visual_dim,
            "query_input_size": query_dim,
            "hidden_size": hidden_dim,
            "cluster_num": k,
            "map_size": units,
            "cluster": True,
            "length_pos": True,
            "max_ctx_l": MAX_FRAMES,
            "max_desc_l": MAX_WORDS,
            "n_heads": 4,
            "drop": 0.1,
            "input_drop": 0.1,
            "initializer_range": 0.02,
            "margin": 0.2,
            "use_hard_negative": True,
            "hard_pool_size": 20,
        }
        return self.modules["method.model"].MS_SL_Net_pp(Settings(settings | other))

    def optimizer(self, model: nn.Module, steps: int) -> Any:
        """Its BertAdam in the released groups: no decay of biases and LayerNorms."""
        plain = ("bias", "LayerNorm.bias", "LayerNorm.weight")
        groups: list[dict[str, Any]] = [
            {"params": [], "weight_decay": 0.01},
            {"params": [], "weight_decay": 0.0},
        ]
        for name, parameter in model.named_parameters():
            groups[any(part in name for part in plain)]["params"].append(parameter)
        adam = self.modules["method.optimization"].BertAdam
        return adam(
            groups,
            lr=2.5e-4,
            weight_decay=0.01,
            warmup=0.01,
            t_total=steps,
            schedule="warmup_linear",
        )

    @contextmanager
    def recorded_medoids(self) -> Iterator[list[tuple[Tensor, Tensor]]]:
        """Collects (medoids, assignment) of every clustering that the model does meanwhile."""
        module = self.modules["method.model"]
        plain, calls = module.batch_fast_kmedoids_with_split, list[tuple[Tensor, Tensor]]()

        def recording(*args: Any, **named: Any) -> tuple[Tensor, Tensor]:
            assignment, medoid = plain(*args, **named)
            calls.append((medoid, assignment))
            return assignment, medoid

        module.batch_fast_kmedoids_with_split = recording
        try:
            yield calls
        finally:
            module.batch_fast_kmedoids_with_split = plain


@contextmanager
def importable(path: Path) -> Iterator[None]:
    """Lets the modules of a checkout be imported; afterwards nothing shadows other packages."""
    stand_ins = {"easydict": {"EasyDict": Settings}, "matplotlib": {}, "matplotlib.pyplot": {}}
    before, missing = set(sys.modules), []
    sys.path.insert(0, str(path))
    try:
        for name, content in stand_ins.items():
            try:
                importlib.import_module(name)
            except ImportError:
                missing.append(name)
                sys.modules[name] = ModuleType(name)
                vars(sys.modules[name]).update(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch.cuda.amp.custom_fwd
            yield
    finally:
        sys.path.remove(str(path))
        for name in set(sys.modules) - before:
            if name in missing or name.split(".")[0] in ("method", "utils"):
                del sys.modules[name]


@lru_cache
def load(path: str) -> Checkout:
    """The checkout in a folder, imported once."""
    for message in ("\\s*This overload of", "Converting a tensor with requires_grad"):
        warnings.filterwarnings("ignore", message=message)  # in every step
    return Checkout(Path(path))


def add_option(parser: argparse.ArgumentParser) -> None:
    """Adds ``--released``, the path of a checkout; a wrong path is an error of one line."""

    def checked(text: str) -> str:
        path = str(Path(text).expanduser().resolve())
        try:
            load(path)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return path

    text = "checkout of HuiGuanLab/ms-sl-pp to measure against; else our formulation of it"
    parser.add_argument("--released", type=checked, help=text)


def against(released: str | None) -> str:
    """Names the side that is compared with."""
    return "formulation" if released is None else "released code"
