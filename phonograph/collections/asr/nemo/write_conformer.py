"""The section `encoder` of a NeMo configuration, from the arguments of `asr.conformer`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from phonograph.collections.asr.nemo.conformer import SUBSAMPLING
from phonograph.collections.asr.subsampling import Subsampling
from phonograph.modules.conformer_block import BlockSettings, DropoutRates
from phonograph.modules.context import Context

_KINDS = {ours: theirs for theirs, ours in SUBSAMPLING.items()}
_NORMS = {
    "batch": "batch_norm",
    "layer": "layer_norm",
    # NeMo's neither scales nor shifts, so that it has no word for ours
    "instance": "instance norm with weights",
}
_BROKEN = ("vgg", "wide_conv1d", "dw_conv1d")
_USUAL_PADDING = 16
_LINEAR = ("conv2d", "dw_conv2d")
"""Kinds that are a linear layer where nothing is halved."""


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Spell every choice out, so that two encoders that are the same have the same arguments.

    Args:
        arguments: every argument of the module.
    """
    front, block = arguments["subsampling"], arguments["block"]
    front = front if isinstance(front, Subsampling) else Subsampling(front)
    if arguments["stride"] == 1 and front.kind in _LINEAR:
        front = Subsampling(scale=front.scale, reduction=front.reduction, padding=front.padding)
    drops: DropoutRates = block.dropouts
    local = arguments["context"].is_local
    spelt = replace(
        drops,
        before=drops.rate if drops.before is None or local else drops.before,
        attention=drops.rate if drops.attention is None else drops.attention,
    )
    width = arguments["feat_out"]
    return {
        **arguments,
        "subsampling": front,
        "block": replace(block, dropout=spelt),
        "feat_out": None if width == arguments["d_model"] else width,
    }


def encoder_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write the settings of NeMo's `ConformerEncoder`.

    What NeMo has no setting for is left out: whoever reads the settings back finds out.

    Args:
        arguments: what `plain_arguments` gives.
    """
    block: BlockSettings = arguments["block"]
    return {
        "_target_": "nemo.collections.asr.modules.ConformerEncoder",
        "feat_in": arguments["feat_in"],
        "feat_out": arguments["feat_out"] or -1,
        "n_layers": arguments["layers"],
        "d_model": arguments["d_model"],
        **_subsampling(arguments["subsampling"], arguments["stride"]),
        "use_bias": block.bias,
        "ff_expansion_factor": block.expansion,
        "n_heads": block.heads,
        **_attention(block, arguments["context"]),
        "conv_kernel_size": block.kernel,
        "conv_norm_type": _norm(block),
        "conv_context_size": _conv_context(block.kernel, arguments["context"].conv_right),
        "dropout": block.dropouts.rate,
        "dropout_pre_encoder": block.dropouts.before,
        "dropout_emb": block.dropouts.positions,
        "dropout_att": block.dropouts.attention,
        "stochastic_depth_drop_prob": block.dropouts.layers,
    }


def padding_of(arguments: Mapping[str, Any]) -> int:
    """Return what NeMo's front end must pad batches to.

    Where frames are stacked, NeMo counts those that fill up the last stack of a padded batch; there
    are none when the stride divides what batches are padded to.

    Args:
        arguments: what `plain_arguments` gives.
    """
    if (padding := arguments["subsampling"].padding) is not None:
        return int(padding)
    stacked = arguments["subsampling"].kind.startswith("stack")
    return math.lcm(_USUAL_PADDING, arguments["stride"]) if stacked else _USUAL_PADDING


def remarks_of(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what NeMo 3.0.0 itself stumbles over, though it opens the checkpoint.

    Args:
        arguments: what `plain_arguments` gives.
    """
    kind = arguments["subsampling"].kind
    if kind not in _BROKEN:
        return ()
    return (f"NeMo 3.0.0 opens it, but cannot run its own subsampling `{_KINDS[kind]}`",)


def tensor_names(arguments: Mapping[str, Any]) -> list[str]:
    """Name the convolutions of the subsampling, which NeMo numbers with what stands between them.

    Args:
        arguments: what `plain_arguments` gives.

    >>> _places("dw_conv2d", 3), _places("vgg", 2)
    ([0, 2, 3, 5, 6], [0, 2, 5, 7])
    """
    front: Subsampling = arguments["subsampling"]
    halvings = arguments["stride"].bit_length() - 1
    names = [f"pre_encode.conv.{place}.weight" for place in _places(front.kind, halvings)]
    if front.reduction is not None and front.reduction.kind == "striding":
        places = _places("conv2d", front.factor.bit_length() - 1)
        names += [f"reduction_subsampling.reduction_enc.conv.{place}.weight" for place in places]
    return names


def _places(kind: str, halvings: int) -> list[int]:
    count = range(halvings)
    match kind:
        case "conv2d" | "wide_conv1d":
            return [2 * number for number in count]
        case "vgg":
            return [5 * number + place for number in count for place in (0, 2)]
        case "dw_conv1d":
            return [3 * number + place for number in count for place in (0, 1)]
        case "dw_conv2d":
            return [0, *(3 * number + place for number in count[1:] for place in (-1, 0))]
    return []


def _norm(block: BlockSettings) -> str:
    if block.norm == "group":
        return f"group_norm{block.groups}"
    return _NORMS.get(block.norm, block.norm)


def _subsampling(front: Subsampling, stride: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "subsampling": _KINDS.get(front.kind, front.kind),
        "subsampling_factor": stride,
        "subsampling_conv_channels": front.channels or -1,
        "causal_downsampling": front.causal,
        "xscaling": front.scale,
    }
    if front.reduction is not None:
        after = front.reduction.after
        settings["reduction"] = front.reduction.kind
        settings["reduction_factor"] = front.reduction.factor
        settings["reduction_position"] = -1 if after is None else after - 1
    return settings


def _attention(block: BlockSettings, context: Context) -> dict[str, Any]:
    model = "rel_pos_local_attn" if context.is_local else "rel_pos"
    reaches = [[_frames(left), _frames(right)] for left, right in context.all_reaches]
    settings: dict[str, Any] = {
        "self_attention_model": "abs_pos" if block.positions == "absolute" else model,
        "untie_biases": block.positions != "relative_shared",
        "att_context_size": reaches if len(reaches) > 1 else reaches[0],
        "att_context_style": "chunked_limited" if context.style == "chunked" else "regular",
    }
    if context.chances:
        settings["att_context_probs"] = list(context.chances)
    return settings


def _frames(reach: int | None) -> int:
    return -1 if reach is None else reach


def _conv_context(kernel: int, right: int | None) -> Any:
    if right is None:
        return None
    return "causal" if right == 0 else [kernel - 1 - right, right]
