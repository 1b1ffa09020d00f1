"""The tensors of NeMo's `ConformerEncoder` under the names of `asr.conformer`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

_EPSILON = 1e-5  # of a batch norm
_BOTH = ("weight", "bias")

_SAME_IN_LAYERS = {
    "norm_feed_forward1": "feed_forward1_norm",
    "feed_forward1.linear1": "feed_forward1.linear1",
    "feed_forward1.linear2": "feed_forward1.linear2",
    "norm_self_att": "attention_norm",
    "self_attn.linear_q": "attention.query",
    "self_attn.linear_k": "attention.key",
    "self_attn.linear_v": "attention.value",
    "self_attn.linear_out": "attention.out",
    "self_attn.linear_pos": "attention.position",
    "norm_conv": "conv_norm",
    "conv.depthwise_conv": "conv.depthwise",
    "norm_feed_forward2": "feed_forward2_norm",
    "feed_forward2.linear1": "feed_forward2.linear1",
    "feed_forward2.linear2": "feed_forward2.linear2",
    "norm_out": "norm",
}
_POINTWISE = {"conv.pointwise_conv1": "conv.pointwise1", "conv.pointwise_conv2": "conv.pointwise2"}


def encoder_weights(
    arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Rename the tensors of an encoder.

    Args:
        arguments: of `asr.conformer`, translated.
        weights: theirs.
    """
    found: dict[str, Tensor] = {}
    if arguments["stride"] == 1:
        found |= _renamed(weights, "pre_encode", "subsampling.out")
    else:
        found |= _subsampling(arguments["subsampling"]["kind"], weights)
    for number in range(arguments["layers"]):
        found |= {f"layers.{number}.{ours}": x for ours, x in _layer(number, arguments, weights)}
    if arguments["block"]["positions"] == "relative_shared":
        for ours in ("bias_u", "bias_v"):
            # every layer has a copy of the same ones
            copies = [
                weights[f"layers.{number}.self_attn.pos_{ours}"]
                for number in range(arguments["layers"])
            ]
            found[ours] = copies[0]
    if arguments["feat_out"] not in (None, arguments["d_model"]):
        found |= _renamed(weights, "out_proj", "out")
    reduction = arguments["subsampling"].get("reduction")
    if reduction and reduction["kind"] == "striding":
        theirs = "reduction_subsampling.reduction_enc."
        found |= _renamed(weights, f"{theirs}out", "reduction.out")
        for number, place in enumerate(_places(weights, f"{theirs}conv.")):
            found |= _renamed(weights, f"{theirs}conv.{place}", f"reduction.convs.{number}")
    return found


def _renamed(weights: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": weights[f"{theirs}.{part}"] for part in _BOTH}


def _subsampling(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    if kind.startswith("stack"):
        found |= _renamed(weights, "pre_encode.proj_out", "subsampling.out")
        if kind == "stack_norm":
            found |= _renamed(weights, "pre_encode.pre_norm", "subsampling.norm")
        return found
    if not kind.endswith("1d"):
        found |= _renamed(weights, "pre_encode.out", "subsampling.out")
    places = _places(weights, "pre_encode.conv.")
    for number, ours in enumerate(_convolutions(kind, len(places))):
        found |= _renamed(weights, f"pre_encode.conv.{places[number]}", f"subsampling.{ours}")
    return found


def _convolutions(kind: str, count: int) -> list[str]:
    """Name our convolutions in the order in which they follow one another."""
    if not kind.startswith("dw_"):
        return [f"convs.{number}" for number in range(count)]
    # over time alone the first one is split as well
    first = 1 if kind == "dw_conv2d" else 0
    pairs = range(first, first + (count - first) // 2)
    split = [f"{part}.{number}" for number in pairs for part in ("convs", "pointwise")]
    return ["convs.0", *split] if first else split


def _places(weights: Mapping[str, Tensor], prefix: str) -> list[int]:
    """Return the places of layers with weights in a sequence, in order."""
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.weight")
    found = (pattern.fullmatch(name) for name in weights)
    return sorted(int(match[1]) for match in found if match)


def _layer(
    number: int, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    block, theirs = arguments["block"], f"layers.{number}."
    relative = block["positions"] != "absolute"
    for name, ours in _SAME_IN_LAYERS.items():
        if name == "self_attn.linear_pos":
            if relative:
                yield f"{ours}.weight", weights[f"{theirs}{name}.weight"]
            continue
        for part in _BOTH if block["bias"] or "norm" in name else _BOTH[:1]:
            yield f"{ours}.{part}", weights[f"{theirs}{name}.{part}"]
    for name, ours in _POINTWISE.items():
        yield f"{ours}.weight", weights[f"{theirs}{name}.weight"].squeeze(2)
        if block["bias"]:
            yield f"{ours}.bias", weights[f"{theirs}{name}.bias"]
    if block["positions"] == "relative":
        for ours in ("bias_u", "bias_v"):
            yield f"attention.{ours}", weights[f"{theirs}self_attn.pos_{ours}"]
    for part, tensor in _norm(f"{theirs}conv.batch_norm.", arguments, weights):
        yield f"conv.norm.{part}", tensor


def _norm(
    theirs: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Give the norm after the convolution; whatever its kind, NeMo calls it `batch_norm`."""
    kind = arguments["block"]["norm"]
    if kind == "instance":  # it neither scales nor shifts; ours may learn to
        yield "weight", torch.ones(arguments["d_model"])
        yield "bias", torch.zeros(arguments["d_model"])
        return
    for part in _BOTH:
        yield part, weights[theirs + part]
    if kind != "batch":
        return
    if f"{theirs}running_mean" in weights:
        for part in ("running_mean", "running_var", "num_batches_tracked"):
            yield part, weights[theirs + part]
        return
    # A fused batch norm only scales and shifts: the statistics of normal values change nothing.
    scale = weights[f"{theirs}weight"]
    yield "running_mean", torch.zeros_like(scale)
    yield "running_var", torch.full_like(scale, 1 - _EPSILON)
    yield "num_batches_tracked", torch.tensor(0)
