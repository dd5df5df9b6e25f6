"""Reads checkpoints of the authors' release, without running any code that is in them.

The authors' training saves ``{"model": state dict, "model_cfg": EasyDict, "epoch": int}`` with
``torch.save`` (HuiGuanLab/ms-sl-pp, method/train.py:164). The EasyDict is a pickled class. Reading
it as they do (``torch.load`` with everything allowed) executes arbitrary code: any function that
the file names. Here torch's restricted unpickler reads the file. Tensors, plain containers and
numbers are allowed; classes that only hold data take the place of the configuration's class; any
other name stops the reading. Then the weights get this package's names for the same parameters.
"""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor
from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

from prvr_lite.config import ModelConfig
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError, check_sums, first_line, load_plain
from prvr_lite.model.msslpp import MSSLpp

CONFIG_KEYS = ("model_cfg", "opt")  # ms-sl-pp's, and that of files made from its options
# Sizes that stand in the weights: (parameter, dimension, name in their configuration).
SIZES = {
    "visual_dim": ("clip_input_proj.LayerNorm.weight", 0, "visual_input_size"),
    "query_dim": ("query_input_proj.LayerNorm.weight", 0, "query_input_size"),
    "hidden_dim": ("modular_vector_mapping.weight", 1, "hidden_size"),
    "max_frames": ("frame_pos_embed.position_embeddings.weight", 0, "max_ctx_l"),
    "max_words": ("query_pos_embed.position_embeddings.weight", 0, "max_desc_l"),
}
# What no weight tells: our field, and their name and kind of it.
CHOICES = {
    "num_heads": ("n_heads", int),
    "num_units": ("map_size", int),
    "num_clusters": ("cluster_num", int),
    "length_aware": ("length_pos", bool),
    "dropout": ("drop", float),
    "input_dropout": ("input_drop", float),
}
_BRANCHES = {"query": "query_encoder.words", "clip": "unit_encoder", "frame": "frame_encoder"}
_PARTS = {
    "input_proj.LayerNorm": "input_norm",
    "input_proj.net.1": "project",
    "pos_embed.position_embeddings": "position",
    "pos_embed.LayerNorm": "position_norm",
    "encoder.self.query": "attention.query",
    "encoder.self.key": "attention.key",
    "encoder.self.value": "attention.value",
    "encoder.output.dense": "attention.output",
    "encoder.output.LayerNorm": "attention.norm",
}
_SINGLE = {
    "modular_vector_mapping": "query_encoder.pool",
    "mapping_linear.0": "key_map",
    "mapping_linear.1": "value_map",
}
AUTHORS_MODULES = {
    **{f"{a}_{part}": f"{b}.{ours}" for a, b in _BRANCHES.items() for part, ours in _PARTS.items()},
    **_SINGLE,
}
ORDINARY = re.compile(
    r"collections\.OrderedDict|torch\._utils\._rebuild_\w+|torch\.\w+Storage|"
    r"easydict\.EasyDict|argparse\.Namespace"
)


class NotDataError(FileFormatError):
    """A file contains more than data, and reading all of it would execute code."""


class _Mapping:
    """Takes the place of EasyDict: an ordered dictionary, whose items the file fills in."""

    def __new__(cls, *_: object) -> Any:
        return OrderedDict()


class _Fields:
    """Stands for argparse.Namespace while a checkpoint is read: it holds attributes, no code."""


# torch looks up what a file names by a class's own module and name
STAND_INS: list[Any] = [
    type("EasyDict", (_Mapping,), {"__module__": "easydict"}),
    type("Namespace", (_Fields,), {"__module__": "argparse"}),
]


def load_authors_checkpoint(path: str | os.PathLike[str], *, device: str = "auto") -> MSSLpp:
    """Loads the model of a checkpoint that the authors' code saved, ready to search.

    Sizes come from the weights; heads, units, clusters and dropout come from the configuration in
    the file; alpha is 0.7, as in their evaluation (method/eval.py:192). Nothing in the file is
    executed. Both file formats of torch can be read, and also weights of a ``DataParallel`` model.

    Args:
        path: such as ``model.ckpt`` in a result folder of theirs.
        device: "auto" (cuda, else cpu), or any torch device.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is damaged, is not such a checkpoint, has sizes that contradict
            each other, or contains anything but data (the message gives its name).
        ValueError: the device is unknown.
    """
    where = choose_device(device)
    record = _read(path)
    if not _is_authors(record):
        raise FileFormatError(
            f"{path}: is not a checkpoint of the authors' release ('model' with weights, "
            "'model_cfg' with sizes): bare weights are read by load_authors_state_dict"
        )
    weights = {str(k).removeprefix("module."): tensor for k, tensor in record["model"].items()}
    try:
        model = MSSLpp(_model_config(weights, _settings(record)))
        return load_authors_state_dict(model, weights).to(where).eval()
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error.args[0] if error.args else error).split())
        raise FileFormatError(
            f"{path}: weights and configuration don't make an MS-SL++ ({reason}): download it again"
        ) from error


def translate(name: str) -> str:
    """Returns this package's name of a parameter, from the authors' name.

    Raises:
        KeyError: MS-SL++ does not have a parameter of this name.
    """
    module, _, kind = name.rpartition(".")
    if module not in AUTHORS_MODULES:
        raise KeyError(f"{name!r} is not the name of a weight of the released MS-SL++")
    return f"{AUTHORS_MODULES[module]}.{kind}"


def load_authors_state_dict(model: MSSLpp, state_dict: Mapping[str, Tensor]) -> MSSLpp:
    """Loads the released weights into ``model``, and returns it.

    Args:
        model: a model with the sizes of the checkpoint.
        state_dict: the parameters, by the authors' names.

    Raises:
        KeyError: MS-SL++ does not have one of the parameters.
        RuntimeError: a parameter is missing or has another shape (torch names it).
    """
    model.load_state_dict({translate(name): tensor for name, tensor in state_dict.items()})
    return model


def is_authors_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Whether the file holds a checkpoint of the authors; False for a damaged file.

    Raises:
        NotDataError: the file, of whatever kind, contains more than data.
    """
    try:
        return _is_authors(_read(path))
    except NotDataError:
        raise
    except (FileFormatError, OSError):
        return False


def _is_authors(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("model"), Mapping):
        return False
    return "format" not in record and any(key in record for key in CONFIG_KEYS)


def _settings(record: dict[str, Any]) -> dict[str, Any]:
    """Returns the authors' configuration by name, whichever class held it."""
    config = next(record[key] for key in CONFIG_KEYS if key in record)
    return dict(config) if isinstance(config, Mapping) else vars(config)


def _model_config(weights: dict[str, Tensor], settings: dict[str, Any]) -> ModelConfig:
    """The ModelConfig; KeyError, TypeError or ValueError if weights and settings don't fit."""
    fields: dict[str, Any] = {}
    for ours, (name, dimension, theirs) in SIZES.items():
        fields[ours] = weights[name].shape[dimension]
        if settings.get(theirs, fields[ours]) != fields[ours]:
            raise ValueError(f"{theirs}={settings[theirs]!r}, but {name} has {fields[ours]}")
    for ours, (theirs, kind) in CHOICES.items():
        if type(settings[theirs]) is not kind and not (
            kind is float and settings[theirs] in (0, 1)
        ):
            raise TypeError(f"{theirs}={settings[theirs]!r} is not of type {kind.__name__}")
        fields[ours] = settings[theirs]
    if not settings["cluster"]:
        fields["num_clusters"] = None  # all clips: MS-SL
    return ModelConfig(**fields)


@contextmanager
def _only_stand_ins() -> Iterator[None]:
    """Lets torch's restricted unpickler use the stand-ins, and nothing else."""
    before = list(get_safe_globals())
    clear_safe_globals()
    add_safe_globals(STAND_INS)
    try:
        yield
    finally:
        clear_safe_globals()
        add_safe_globals(before)


def _read(path: str | os.PathLike[str]) -> Any:
    try:
        with _only_stand_ins():
            record = load_plain(path)
        if zipfile.is_zipfile(path):
            check_sums(path)
        return record
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged bytes make the unpickler fail in any way it can
        name = _refused(path, error)
        if name is not None:
            raise NotDataError(
                f"{path}: names {name}, which is not data: refused, and nothing in it was run. If "
                "you trust it, load it with the code that made it, and save again "
                "{'model': its state_dict(), 'model_cfg': dict(its configuration)}"
            ) from error
        reason = first_line(error)
        raise FileFormatError(
            f"{path}: can't be read ({reason}): damaged, or not a checkpoint; download it again"
        ) from error


def _refused(path: str | os.PathLike[str], error: Exception) -> str | None:
    """Returns the name at which torch stopped; None if it stopped for another reason."""
    if not isinstance(error, pickle.UnpicklingError):
        return None
    refusal = re.search(r"GLOBAL ([\w.]+)", str(error))
    if refusal:
        return refusal[1]
    try:  # a newer pickle protocol: torch only says that it can't read it
        with open(path, "rb") as file:
            return next((n for n in _names(file) if not ORDINARY.fullmatch(n)), None)
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def _names(file: BinaryIO) -> Iterator[str]:
    """Yields every "module.name" in a torch file, old or new, without executing its operations."""
    streams: list[BinaryIO] = [file]
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            inside = [n for n in archive.namelist() if Path(n).name == "data.pkl"]
            streams = [io.BytesIO(archive.read(name)) for name in inside]
    else:
        file.seek(0)
    for stream in streams:
        texts = ["?", "?"]
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name in ("GLOBAL", "INST"):
                yield str(argument).replace(" ", ".")
            elif operation.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif isinstance(argument, str):
                texts.append(argument)
