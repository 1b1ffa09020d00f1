"""The section `encoder` of a NeMo configuration, from a convolutional encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phonograph.collections.asr.citrinet import citrinet_blocks
from phonograph.collections.asr.jasper import jasper_blocks
from phonograph.collections.asr.quartznet import quartznet_blocks
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.frame_norm import FrameNorm

NO_PADDING = 0
_USUAL_PADDING = 16


def table_of(id: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Write the arguments of a convolutional encoder out as those of `asr.conv_encoder`.

    Args:
        id: the module.
        arguments: all of its arguments.

    Returns:
        `feat_in`, `blocks`, `activation` and `norm`; nothing for another kind of module.

    >>> arguments = {"feat_in": 64, "blocks": 5, "repeat": 5, "dropout": 0.0}
    >>> len(table_of("asr.quartznet", arguments)["blocks"])
    8
    """
    rest = dict(arguments)
    feat_in = rest.pop("feat_in", None)
    if id == "asr.conv_encoder":
        return {**arguments, "norm": arguments["norm"] or FrameNorm()}
    if id not in _TABLES:
        return None
    blocks = _TABLES[id](**rest)
    return {"feat_in": feat_in, "blocks": blocks, "activation": "relu", "norm": FrameNorm()}


def padding_of(table: Mapping[str, Any]) -> int:
    """Return what NeMo's front end must pad batches to, where norms count padding.

    Args:
        table: what `table_of` gives.
    """
    norm: FrameNorm = table["norm"]
    if norm.kind == "batch":
        return _USUAL_PADDING
    return norm.padding if norm.padding and norm.padding > 1 else NO_PADDING


def encoder_settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """Write the settings of NeMo's `ConvASREncoder`.

    Args:
        table: what `table_of` gives.
    """
    norm: FrameNorm = table["norm"]
    settings = {
        "_target_": "nemo.collections.asr.modules.ConvASREncoder",
        "feat_in": table["feat_in"],
        "activation": _ACTIVATIONS.get(table["activation"], table["activation"]),
        "conv_mask": True,
        "jasper": [_row(block) for block in table["blocks"]],
    }
    if norm.kind != "batch":
        settings["normalization_mode"] = norm.kind
        settings["norm_groups"] = norm.groups if norm.kind == "group" else -1
    return settings


def _row(block: ConvBlock) -> dict[str, Any]:
    adding = "stride_add" if block.stride > 1 else "add"
    row: dict[str, Any] = {
        "filters": block.filters,
        "repeat": block.repeat,
        "kernel": [block.kernel],
        "stride": [block.stride],
        "stride_last": block.stride_at == "last",
        "dilation": [block.dilation],
        "dropout": block.dropout,
        "residual": bool(block.residual),
        "residual_dense": block.residual == "dense",
        "residual_mode": "max" if block.residual == "max" else adding,
        "separable": block.separable,
        "groups": block.groups,
        "future_context": -1 if block.ahead is None else block.ahead,
        "se": block.excite is not None,
    }
    if block.excite is not None:
        row["se_reduction_ratio"] = block.excite.reduction
        row["se_context_size"] = block.excite.window or -1
    return row


_ACTIVATIONS = {"silu": "swish"}

_TABLES: Mapping[str, Callable[..., list[ConvBlock]]] = {
    "asr.quartznet": quartznet_blocks,
    "asr.citrinet": citrinet_blocks,
    "asr.jasper": jasper_blocks,
}
