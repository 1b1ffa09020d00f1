"""NeMo's `ConformerEncoder` (Conformer, FastConformer) as `asr.conformer`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.nemo.conformer_weights import encoder_weights

SUBSAMPLING = {
    "striding": "conv2d",
    "dw_striding": "dw_conv2d",
    "vggnet": "vgg",
    "striding_conv1d": "wide_conv1d",
    "dw_striding_conv1d": "dw_conv1d",
    "stacking": "stack",
    "stacking_norm": "stack_norm",
}
"""NeMo's kinds -> ours."""

_CAN_BE_CAUSAL = ("striding", "dw_striding", "striding_conv1d")
_ATTENTION = {name: name for name in ("rel_pos", "rel_pos_local_attn", "abs_pos")}
_STYLES = {
    "regular": "regular",
    "chunked_limited": "chunked",
    # its contexts are drawn in training; outside of it NeMo lets everything see everything
    "chunked_limited_with_rc": "whole",
}
_NORMS = {
    "batch_norm": "batch",
    "fused_batch_norm": "batch",
    "layer_norm": "layer",
    "instance_norm": "instance",
}
_GROUPS = re.compile(r"group_norm([1-9][0-9]*)")
_WITHOUT_EFFECT = (
    "_target_",
    "pos_emb_max_len",
    "sync_max_audio_length",
    "subsampling_conv_chunking_factor",
    "use_pytorch_sdpa",
    "use_pytorch_sdpa_backends",
    "att_chunk_context_size",
    "conv_context_style",
    "stochastic_depth_mode",
    "stochastic_depth_start_layer",
    "global_tokens_spacing",
    "global_attn_separate",
)


def translate(
    settings: Settings, weights: Mapping[str, Tensor], *, pad_to: int = 16, pad_value: float = 0.0
) -> Part:
    """Translate the section `encoder`.

    Args:
        settings: the section.
        weights: its tensors.
        pad_to: what the front end pads batches to a multiple of, where padding makes a difference.
        pad_value: what it pads with.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> settings = read_settings(
    ...     "{feat_in: 80, n_layers: 2, d_model: 8, conv_norm_type: weight_norm, rotary: true}"
    ... )
    >>> part = translate(settings, {})
    >>> part.arguments["stride"], part.arguments["subsampling"]["kind"]
    (4, 'conv2d')
    >>> for fault in settings.faults():
    ...     print(fault.message)
    `conv_norm_type` is the text "weight_norm", which is not supported
    `rotary` is not supported
    """
    settings.ignore(*_WITHOUT_EFFECT)
    width = settings.number("d_model")
    attention = settings.choice("self_attention_model", _ATTENTION, "rel_pos")
    feat_out = settings.number("feat_out", -1)
    stride, subsampling = _subsampling(settings)
    block = _block(settings, attention)
    stacks = subsampling["kind"].startswith("stack") and max(1, pad_to) % stride > 0
    if stacks and pad_value:
        settings.refuse("subsampling", "stacks would be filled up with the front end's `pad_value`")
    if stacks or "padding_counts" in block:
        subsampling["padding"] = max(1, pad_to)
    arguments: dict[str, Any] = {
        "feat_in": settings.number("feat_in"),
        "d_model": width,
        "layers": settings.number("n_layers"),
        "stride": stride,
        "subsampling": subsampling,
        "block": block,
        "context": _context(settings, attention),
        "feat_out": feat_out if feat_out > 0 else None,
    }
    if not settings.sound:
        return Part("asr.conformer", arguments)
    return Part("asr.conformer", arguments, encoder_weights(arguments, weights))


def _subsampling(settings: Settings) -> tuple[int, dict[str, Any]]:
    """Return the stride and the settings of our subsampling."""
    kind = settings.value("subsampling", "striding")
    stride = settings.number("subsampling_factor", 4)
    channels = settings.number("subsampling_conv_channels", -1)
    causal = settings.flag("causal_downsampling", default=False)
    found: dict[str, Any] = {
        "scale": settings.flag("xscaling", default=True),
        "reduction": _reduction(settings),
    }
    if not kind or stride <= 1:  # a linear layer
        return 1, {"kind": "conv2d", **found}
    ours = settings.choice("subsampling", SUBSAMPLING, "striding")
    if not ours.startswith("stack") and stride & (stride - 1):
        settings.refuse("subsampling_factor", "must be a power of two")
    found |= {"kind": ours, "causal": causal and kind in _CAN_BE_CAUSAL}
    return stride, found | {"channels": channels if channels > 0 else None}


def _reduction(settings: Settings) -> dict[str, Any] | None:
    place, factor = settings.value("reduction_position"), settings.number("reduction_factor", 1)
    if not settings.value("reduction") or factor <= 1:
        return None
    kind = settings.choice("reduction", {"pooling": "pooling", "striding": "striding"}, "pooling")
    if factor & (factor - 1):
        settings.refuse("reduction_factor", "must be a power of two")
    if kind == "pooling" and factor > 2:  # a pair
        settings.refuse("reduction_factor", "NeMo counts too few frames when it pools more than 2")
    if not isinstance(place, int):
        settings.refuse("reduction_position", "the number of a layer is wanted, or -1")
        place = -1
    return {"kind": kind, "factor": factor, "after": None if place < 0 else place + 1}


def _block(settings: Settings, attention: str) -> dict[str, Any]:
    rate = settings.number("dropout", 0.1)
    before = settings.number("dropout_pre_encoder", 0.1)
    untied = settings.flag("untie_biases", default=True)
    positions = "absolute" if attention == "abs_pos" else "relative"
    if attention == "rel_pos" and not untied:
        positions = "relative_shared"
    block: dict[str, Any] = {
        "heads": settings.number("n_heads", 4),
        "kernel": settings.number("conv_kernel_size", 31),
        "expansion": settings.number("ff_expansion_factor", 4),
        "dropout": {
            "rate": rate,
            "before": rate if attention == "rel_pos_local_attn" else before,
            "attention": settings.number("dropout_att", 0.0),
            "positions": settings.number("dropout_emb", 0.1),
            "layers": settings.number("stochastic_depth_drop_prob", 0.0),
        },
        "positions": positions,
        "bias": settings.flag("use_bias", default=True),
    }
    return block | _norm(settings)


def _norm(settings: Settings) -> dict[str, Any]:
    """Translate the norm; over time NeMo's count the padding."""
    grouped = _GROUPS.fullmatch(str(settings.peek("conv_norm_type")))
    if grouped:
        settings.ignore("conv_norm_type")
        groups = int(grouped[1])
        if settings.number("d_model") % groups:
            settings.refuse("conv_norm_type", "the groups do not divide `d_model`")
        return {"norm": "group", "groups": groups, "padding_counts": True}
    kind = settings.choice("conv_norm_type", _NORMS, "batch_norm")
    return {"norm": kind, "padding_counts": True} if kind == "instance" else {"norm": kind}


def _context(settings: Settings, attention: str) -> dict[str, Any]:
    style = settings.choice("att_context_style", _STYLES, "regular")
    reaches = _reaches(settings)
    chances = settings.value("att_context_probs") or []
    tokens = settings.number("global_tokens", 0)
    found: dict[str, Any] = {"conv_right": _conv_right(settings)}
    if style == "whole" or not reaches:
        return found
    left, right = reaches[0]
    if attention == "rel_pos_local_attn":
        if tokens > 0:
            settings.refuse("global_tokens", "tokens that everything sees are not supported")
        if len(reaches) > 1 or left is None or right is None or not max(left, right):
            settings.refuse("att_context_size", "local attention wants two numbers, not both 0")
        plain = left == right or left == 0
        style = "local" if plain else "local_skewed"
        return {**found, "left": left, "right": right, "style": style}
    found |= {"left": left, "right": right, "style": style}
    if (left, right) == (None, None):
        found["style"] = "regular"
    if len(reaches) > 1:
        found["others"] = [list(reach) for reach in reaches[1:]]
        found["chances"] = chances
        if not isinstance(chances, list):
            settings.refuse("att_context_probs", "a list of numbers is wanted")
    if style == "chunked":
        _check_chunks(settings, reaches)
    return found


def _reaches(settings: Settings) -> list[tuple[int | None, int | None]]:
    """Return the frames before and after that attention may see; None for all."""
    written = settings.value("att_context_size") or []
    several = isinstance(written, list) and any(isinstance(pair, list) for pair in written)
    pairs = written if several else [written]
    reaches = []
    for pair in pairs if written else []:
        match pair:
            case [int(left), int(right)]:
                reaches.append((left if left >= 0 else None, right if right >= 0 else None))
            case _:
                settings.refuse("att_context_size", "pairs of whole numbers are wanted")
    return reaches


def _check_chunks(settings: Settings, reaches: list[tuple[int | None, int | None]]) -> None:
    if reaches[0][1] is None:
        why = "the first must have an end to the right where attention is in chunks"
        settings.refuse("att_context_size", why)
    for left, right in reaches:
        if (left or 0) % ((right or 0) + 1):
            settings.refuse("att_context_size", "chunks of right + 1 frames must divide the left")


def _conv_right(settings: Settings) -> int | None:
    kernel = settings.number("conv_kernel_size", 31)
    match settings.value("conv_context_size"):
        case None:
            return None
        case "causal":
            return 0
        case [int(left), int(right)] if left >= 0 and right >= 0 and left + right + 1 == kernel:
            return right
    settings.refuse("conv_context_size", f"causal or two numbers that add up to {kernel - 1}")
    return None
