"""`ParakeetForCTC` in our terms: a FastConformer behind mel features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.collections.asr.acoustic_graph import AcousticModel
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.collections.asr.hugging_face.folder import (
    read_weights,
    refuse_unsupported,
    refuse_untaken,
)
from phonograph.collections.asr.hugging_face.front_end import read_feature_extractor, translate_mel
from phonograph.collections.asr.hugging_face.labels import blank_of, rows_of
from phonograph.collections.asr.hugging_face.pieces import read_piece_settings, read_pieces

_WITHOUT_EFFECT = (
    "_attn_implementation_autoset",
    "_name_or_path",
    "dtype",
    "initializer_range",
    "max_position_embeddings",
    "model_type",
    "torch_dtype",
    "transformers_version",
)
_LAYER = {
    "feed_forward1.linear1": "feed_forward1.linear1",
    "feed_forward1.linear2": "feed_forward1.linear2",
    "self_attn.q_proj": "attention.query",
    "self_attn.k_proj": "attention.key",
    "self_attn.v_proj": "attention.value",
    "self_attn.o_proj": "attention.out",
    "conv.pointwise_conv1": "conv.pointwise1",
    "conv.depthwise_conv": "conv.depthwise",
    "conv.pointwise_conv2": "conv.pointwise2",
    "feed_forward2.linear1": "feed_forward2.linear1",
    "feed_forward2.linear2": "feed_forward2.linear2",
}
_NORMS = {
    "norm_feed_forward1": "feed_forward1_norm",
    "norm_self_att": "attention_norm",
    "norm_conv": "conv_norm",
    "norm_feed_forward2": "feed_forward2_norm",
    "norm_out": "norm",
}
_SAME = {
    "self_attn.relative_k_proj.weight": "attention.position.weight",
    "self_attn.bias_u": "attention.bias_u",
    "self_attn.bias_v": "attention.bias_v",
    "conv.norm.weight": "conv.norm.weight",
    "conv.norm.bias": "conv.norm.bias",
    "conv.norm.running_mean": "conv.norm.running_mean",
    "conv.norm.running_var": "conv.norm.running_var",
    "conv.norm.num_batches_tracked": "conv.norm.num_batches_tracked",
}


def read_parakeet(folder: Path, settings: Settings) -> AcousticModel:
    """Read a `ParakeetForCTC`.

    Args:
        folder: where its files are.
        settings: its config.json.

    Raises:
        BundleError: settings are not supported, or files cannot be read or do not fit.
        MissingTensorError: there is no weight that the configuration asks for.
    """
    encoder = settings.section("encoder_config")
    arguments, middle = _encoder(encoder), encoder.number("intermediate_size", 4096)
    rows, blank = rows_of(settings, 1025), blank_of(settings, 1024)
    extractor, extractor_file = read_feature_extractor(folder)
    rate, mel = translate_mel(extractor)
    pad, tokenizer = read_piece_settings(folder)
    refuse_unsupported(settings, extractor_file, tokenizer)
    labels = read_pieces(folder, pad, rows, blank)
    weights = Weights(read_weights(folder))
    named = _weights(arguments, middle, weights.under("encoder."))
    head = labels.head(weights.under("ctc_head."), folder)
    refuse_untaken(weights, folder)
    part = Part("asr.conformer", arguments, named)
    return AcousticModel(folder.resolve().name, rate, part, {"mel": mel}, labels.tokenizer, head)


def _encoder(settings: Settings) -> dict[str, Any]:
    settings.ignore(*_WITHOUT_EFFECT)
    settings.choice("hidden_act", {"silu": True, "swish": True}, "silu")
    settings.choice("subsampling_conv_kernel_size", {3: True}, 3)
    settings.choice("subsampling_conv_stride", {2: True}, 2)
    width, heads = settings.number("hidden_size", 1024), settings.number("num_attention_heads", 8)
    middle = settings.number("intermediate_size", 4096)
    settings.choice("num_key_value_heads", {heads: True}, heads)
    # where only some parts have biases, the others' are zero
    biases = [settings.flag(f"{part}_bias", default=True) for part in ("attention", "convolution")]
    return {
        "feat_in": settings.number("num_mel_bins", 80),
        "d_model": width,
        "layers": settings.number("num_hidden_layers", 24),
        "stride": settings.number("subsampling_factor", 8),
        "subsampling": {
            "kind": "dw_conv2d",
            "channels": settings.number("subsampling_conv_channels", 256),
            "scale": settings.flag("scale_input", default=True),
        },
        "block": {
            "heads": heads,
            "kernel": settings.number("conv_kernel_size", 9),
            "expansion": -(-middle // max(1, width)),
            "dropout": {
                "rate": settings.number("activation_dropout", 0.1),
                "before": settings.number("dropout", 0.1),
                "attention": settings.number("attention_dropout", 0.1),
                "positions": settings.number("dropout_positions", 0.0),
                "layers": settings.number("layerdrop", 0.1),
            },
            "bias": any(biases),
        },
    }


def _weights(arguments: Mapping[str, Any], middle: int, weights: Weights) -> dict[str, Tensor]:
    named = _subsampling(int(arguments["stride"]).bit_length() - 1, weights.under("subsampling."))
    wide = arguments["block"]["expansion"] * arguments["d_model"]
    for number in range(arguments["layers"]):
        layer = _layer(weights.under(f"layers.{number}."), bias=arguments["block"]["bias"])
        for name, tensor in layer.items():
            # where it would more than double, sizes are wrong, which shapes will tell
            if ".linear" in name and middle < wide <= 2 * middle:
                tensor = _filled_up(name, tensor, middle, wide)
            named[f"layers.{number}.{name}"] = tensor
    return named


def _subsampling(halvings: int, weights: Weights) -> dict[str, Tensor]:
    """Rename; of each three of their layers after the first two, one is without weights."""
    places = {"layers.0": "convs.0", "linear": "out"}
    for number in range(1, halvings):
        places[f"layers.{3 * number - 1}"] = f"convs.{number}"
        places[f"layers.{3 * number}"] = f"pointwise.{number}"
    return {
        f"subsampling.{ours}.{part}": weights[f"{theirs}.{part}"]
        for theirs, ours in places.items()
        for part in ("weight", "bias")
    }


def _layer(weights: Weights, *, bias: bool) -> dict[str, Tensor]:
    named = {ours: weights[theirs] for theirs, ours in _SAME.items()}
    for theirs, ours in _NORMS.items():
        named |= {f"{ours}.{part}": weights[f"{theirs}.{part}"] for part in ("weight", "bias")}
    for theirs, ours in _LAYER.items():
        weight = weights[f"{theirs}.weight"]
        single = "pointwise" in theirs and weight.shape[2:] == (1,)
        # a convolution over single frames is a linear layer
        named[f"{ours}.weight"] = weight.squeeze(2) if single else weight
        if bias:
            zeros = torch.zeros(weight.shape[:1])
            named[f"{ours}.bias"] = weights.get(f"{theirs}.bias", zeros)
    return named


def _filled_up(name: str, tensor: Tensor, middle: int, wide: int) -> Tensor:
    """Fill up a middle that is no multiple of the width: what is zero stays zero in training."""
    if name.endswith("linear2.weight") and tensor.shape[1:] == (middle,):
        return functional.pad(tensor, (0, wide - middle))
    if "linear1" in name and tensor.shape[:1] == (middle,):
        return functional.pad(tensor, (0, 0) * (tensor.dim() - 1) + (0, wide - middle))
    return tensor
