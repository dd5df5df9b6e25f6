"""Weights under the names of the authors' release (HuiGuanLab/ms-sl-pp) -> this package's model."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from prvr_lite.model.msslpp import MSSLpp

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


def translate(name: str) -> str:
    """The authors' parameter name -> ours.

    Raises:
        KeyError: a name that MS-SL++ does not have.
    """
    module, _, kind = name.rpartition(".")
    if module not in AUTHORS_MODULES:
        raise KeyError(f"{name!r} is not a parameter of the released MS-SL++")
    return f"{AUTHORS_MODULES[module]}.{kind}"


def load_authors_state_dict(model: MSSLpp, state_dict: Mapping[str, Tensor]) -> MSSLpp:
    """Load the released weights into ``model`` (in place, and returned).

    Args:
        model: built with the sizes of the checkpoint.
        state_dict: parameters by the authors' names.

    Raises:
        KeyError: a parameter that MS-SL++ does not have.
        RuntimeError: a missing parameter or another shape (torch names it).
    """
    model.load_state_dict({translate(name): tensor for name, tensor in state_dict.items()})
    return model
