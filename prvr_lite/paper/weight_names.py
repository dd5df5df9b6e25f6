"""The names of weights in the authors' releases, and this package's names of the same weights."""

from __future__ import annotations

_PARTS = {
    "input_proj.LayerNorm": "input_norm",
    "input_proj.net.1": "project",
    "pos_embed.position_embeddings": "position",
    "pos_embed.LayerNorm": "position_norm",
}
_ATTENTION = {
    "self.query": "query",
    "self.key": "key",
    "self.value": "value",
    "output.dense": "output",
    "output.LayerNorm": "norm",
}


def _branch(theirs: str, ours: str) -> dict[str, str]:
    """Returns the names of the weights before the attention of a branch: theirs -> ours."""
    return {f"{theirs}_{part}": f"{ours}.{name}" for part, name in _PARTS.items()}


def _attention(theirs: str, ours: str) -> dict[str, str]:
    return {f"{theirs}.{part}": f"{ours}.{name}" for part, name in _ATTENTION.items()}


_QUERY = {
    **_branch("query", "query_encoder.words"),
    **_attention("query_encoder", "query_encoder.words.attention"),
    "modular_vector_mapping": "query_encoder.pool",
}
MSSLPP_MODULES = {
    **_QUERY,
    **_branch("clip", "unit_encoder"),
    **_attention("clip_encoder", "unit_encoder.attention"),
    **_branch("frame", "frame_encoder"),
    **_attention("frame_encoder", "frame_encoder.attention"),
    "mapping_linear.0": "key_map",
    "mapping_linear.1": "value_map",
}
_BLOCKS = {
    "clip_encoder": "unit_encoder.blocks.0",
    "clip_encoder_2": "unit_encoder.blocks.1",
    "frame_encoder_1": "frame_encoder.blocks.0",
    "frame_encoder_2": "frame_encoder.blocks.1",
}
GMMFORMER_MODULES = {
    **_QUERY,
    **_branch("clip", "unit_encoder"),
    **_branch("frame", "frame_encoder"),
    **{
        name: translated
        for theirs, ours in _BLOCKS.items()
        for i in range(4)
        for name, translated in _attention(f"{theirs}.attn{i}", f"{ours}.attentions.{i}").items()
    },
    "modular_vector_mapping_2": "frame_pool",
}
