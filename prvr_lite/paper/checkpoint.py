"""Reads checkpoints of the authors' releases, without running any code that is in them.

The training of MS-SL++ saves ``{"model": state dict, "model_cfg": EasyDict, "epoch": int}`` with
``torch.save`` (HuiGuanLab/ms-sl-pp, method/train.py:164); that of GMMFormer saves ``{"config":
dict, "epoch": int, "model_val": float, "state_dict": state dict, "optimizer": its state}``
(huangmozhi9527/GMMFormer, src/Utils/utils.py:42-49). The EasyDict is a pickled class, and so is the
schedule of the learning rate in GMMFormer's optimizer. Reading them as their authors do
(``torch.load`` with everything allowed) executes arbitrary code: any function that the file names.
Here torch's restricted unpickler reads the file. Tensors, plain containers and numbers are allowed;
classes that only hold data take the place of configuration and schedule; any other name stops the
reading. Then the weights get this package's names for the same parameters.
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
from typing import Any, BinaryIO, TypeVar

from torch import Tensor
from torch.serialization import add_safe_globals, clear_safe_globals, get_safe_globals

from prvr_lite.config import ModelConfig
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError, check_sums, first_line, load_plain
from prvr_lite.model.gmmformer import GMMFormer, GMMFormerBatchWindows
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.paper.weight_names import GMMFORMER_MODULES, MSSLPP_MODULES

M = TypeVar("M", MSSLpp, GMMFormer)
# Under which key the weights stand, and under which ones the configuration: ms-sl-pp's (and that
# of files made from its options), GMMFormer's.
HOLDERS = {"model": ("model_cfg", "opt"), "state_dict": ("config",)}
# Sizes that stand in the weights: (parameter, dimension, name in their configuration).
SIZES = {
    "visual_dim": ("clip_input_proj.LayerNorm.weight", 0, "visual_input_size"),
    "query_dim": ("query_input_proj.LayerNorm.weight", 0, "query_input_size"),
    "hidden_dim": ("modular_vector_mapping.weight", 1, "hidden_size"),
    "max_frames": ("frame_pos_embed.position_embeddings.weight", 0, "max_ctx_l"),
    "max_words": ("query_pos_embed.position_embeddings.weight", 0, "max_desc_l"),
}
UNIT_POSITIONS = "clip_pos_embed.position_embeddings.weight"
# What no weight tells: our field, and their name and kind of it.
CHOICES: dict[str, tuple[str, type]] = {
    "num_heads": ("n_heads", int),
    "num_units": ("map_size", int),
    "dropout": ("drop", float),
    "input_dropout": ("input_drop", float),
}
CLUSTERING: dict[str, tuple[str, type]] = {
    "num_clusters": ("cluster_num", int),
    "length_aware": ("length_pos", bool),
}
FUSION = {"clip_scale_w": 0.7, "frame_scale_w": 0.3}  # GMMFormer's weights of both scales
AUTHORS_MODULES = {**MSSLPP_MODULES, **GMMFORMER_MODULES}  # names that both have mean the same
ORDINARY = re.compile(
    r"collections\.OrderedDict|torch\._utils\._rebuild_\w+|torch\.\w+Storage|"
    r"easydict\.EasyDict|argparse\.Namespace|Opts\.optimization\.WarmupLinearSchedule"
)


class NotDataError(FileFormatError):
    """A file contains more than data, and reading all of it would execute code."""


class _Mapping:
    """Takes the place of EasyDict: an ordered dictionary, whose items the file fills in."""

    def __new__(cls, *_: object) -> Any:
        return OrderedDict()


class _Fields:
    """Takes the place of a class that the file names: it holds attributes and nothing else."""


# torch looks up what a file names by a class's own module and name
STAND_INS: list[Any] = [
    type("EasyDict", (_Mapping,), {"__module__": "easydict"}),
    type("Namespace", (_Fields,), {"__module__": "argparse"}),
    type("WarmupLinearSchedule", (_Fields,), {"__module__": "Opts.optimization"}),
]


def load_authors_checkpoint(
    path: str | os.PathLike[str], *, device: str = "auto", batch_windows: bool = False
) -> MSSLpp | GMMFormer:
    """Loads the model of a checkpoint that the authors' code saved, ready to search.

    The names of the weights show whether it is an MS-SL++ or a GMMFormer. Sizes come from the
    weights; heads, units, clusters and dropout come from the configuration in the file. For MS-SL++
    alpha is 0.7, as in their evaluation (method/eval.py:192); for GMMFormer it is the share of the
    clip scale in the two weights of its configuration. Nothing in the file is executed. Both file
    formats of torch can be read, and also weights of a ``DataParallel`` model.

    Args:
        path: such as ``model.ckpt`` in a result folder of theirs.
        device: "auto" (cuda, else cpu), or any torch device.
        batch_windows: whether the windows of a GMMFormer span the batch's longest video, as
            released, instead of each video's own frames (see :mod:`prvr_lite.model.gmmformer`).
            MS-SL++ has no windows.

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
            "'model_cfg' with sizes; GMMFormer: 'state_dict', 'config'): bare weights are read by "
            "load_authors_state_dict"
        )
    holder, configured = _parts(record)
    weights = {str(k).removeprefix("module."): tensor for k, tensor in record[holder].items()}
    gaussian = holder == "state_dict" or any(".attn" in name for name in weights)
    try:
        settings = _settings(configured)
        model: MSSLpp | GMMFormer
        if gaussian:
            kind = GMMFormerBatchWindows if batch_windows else GMMFormer
            model = load_authors_state_dict(kind(_gmmformer_config(weights, settings)), weights)
        else:
            model = load_authors_state_dict(MSSLpp(_msslpp_config(weights, settings)), weights)
        return model.to(where).eval()
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        reason = " ".join(str(error.args[0] if error.args else error).split())
        name = "a GMMFormer" if gaussian else "an MS-SL++"
        raise FileFormatError(
            f"{path}: weights and configuration don't make {name} ({reason}): download it again"
        ) from error


def translate(name: str, modules: Mapping[str, str] = AUTHORS_MODULES) -> str:
    """Returns this package's name of a parameter, from the authors' name.

    Args:
        name: such as "clip_input_proj.net.1.weight".
        modules: ``MSSLPP_MODULES`` or ``GMMFORMER_MODULES`` for names of that model alone.

    Raises:
        KeyError: there is no parameter of this name.
    """
    module, _, kind = name.rpartition(".")
    if module not in modules:
        raise KeyError(f"{name!r} is not the name of a weight of the released model")
    return f"{modules[module]}.{kind}"


def load_authors_state_dict(model: M, state_dict: Mapping[str, Tensor]) -> M:
    """Loads the released weights into ``model``, and returns it.

    Args:
        model: an ``MSSLpp`` or a ``GMMFormer`` with the sizes of the checkpoint.
        state_dict: the parameters, by the authors' names.

    Raises:
        KeyError: the model does not have one of the parameters.
        RuntimeError: a parameter is missing or has another shape (torch names it).
    """
    modules = GMMFORMER_MODULES if isinstance(model, GMMFormer) else MSSLPP_MODULES
    ours = {translate(name, modules): tensor for name, tensor in state_dict.items()}
    model.load_state_dict(ours)
    return model


def is_authors_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Returns whether the file holds a checkpoint of the authors; False for a damaged file.

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
    if not isinstance(record, dict) or "format" in record:
        return False
    return any(isinstance(record[holder], Mapping) for holder, _ in _held(record))


def _held(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns the key pairs (weights, configuration) of the releases that the record contains."""
    pairs = [(weights, config) for weights, configs in HOLDERS.items() for config in configs]
    return [pair for pair in pairs if all(key in record for key in pair)]


def _parts(record: dict[str, Any]) -> tuple[str, Any]:
    """Returns the key of the weights, and the configuration, an object of any class."""
    weights, config = next(pair for pair in _held(record) if isinstance(record[pair[0]], Mapping))
    return weights, record[config]


def _settings(configured: Any) -> dict[str, Any]:
    """Returns the authors' configuration: name -> value."""
    return dict(configured) if isinstance(configured, Mapping) else vars(configured)


def _msslpp_config(weights: dict[str, Tensor], settings: dict[str, Any]) -> ModelConfig:
    """Returns the ModelConfig; raises an error if weights and settings don't fit."""
    fields = _fields(weights, settings, CHOICES | CLUSTERING)
    if not settings["cluster"]:
        fields["num_clusters"] = None  # all clips: MS-SL
    return ModelConfig(**fields)


def _gmmformer_config(weights: dict[str, Tensor], settings: dict[str, Any]) -> ModelConfig:
    """Returns the ModelConfig like :func:`_msslpp_config`; the scales' weights may have any sum."""
    fields = _fields(weights, settings, CHOICES)
    pair = {name: (name, float) for name in FUSION}
    clip, frame = _chosen({**FUSION, **settings}, pair).values()
    if clip < 0 or frame < 0 or not clip + frame > 0:
        raise ValueError(f"clip_scale_w={clip!r} and frame_scale_w={frame!r} weigh nothing")
    return ModelConfig(**fields, num_clusters=None, alpha=clip / (clip + frame))


def _fields(
    weights: dict[str, Tensor], settings: dict[str, Any], choices: Mapping[str, tuple[str, type]]
) -> dict[str, Any]:
    """Returns the sizes of the weights, checked against the configuration, and its choices."""
    fields = {}
    for ours, (name, dimension, theirs) in SIZES.items():
        fields[ours] = weights[name].shape[dimension]
        if settings.get(theirs, fields[ours]) != fields[ours]:
            raise ValueError(f"{theirs}={settings[theirs]!r}, but {name} has {fields[ours]}")
    fields |= _chosen(settings, choices)
    positions = weights[UNIT_POSITIONS].shape[0]
    if fields["num_units"] > positions:  # before memory for as many units is taken
        units = fields["num_units"]
        raise ValueError(f"map_size={units}, but {UNIT_POSITIONS} has {positions} positions")
    return fields


def _chosen(settings: dict[str, Any], choices: Mapping[str, tuple[str, type]]) -> dict[str, Any]:
    """Returns our fields from their configuration, each checked for its type."""
    for theirs, kind in choices.values():
        value = settings[theirs]
        if type(value) is not kind and not (kind is float and value in (0, 1)):
            raise TypeError(f"{theirs}={value!r} is not of type {kind.__name__}")
    return {ours: settings[theirs] for ours, (theirs, _) in choices.items()}


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
