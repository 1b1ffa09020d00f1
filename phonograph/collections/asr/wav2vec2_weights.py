"""The names that published wav2vec 2.0 and HuBERT checkpoints have for the weights of our encoder.

Transformers and torchaudio both took them from the first implementation, and nearly agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

_LAYER = {
    "attention.q_proj": "attention.query",
    "attention.k_proj": "attention.key",
    "attention.v_proj": "attention.value",
    "attention.out_proj": "attention.out",
    "layer_norm": "attention_norm",
    "feed_forward.intermediate_dense": "linear1",
    "feed_forward.output_dense": "linear2",
    "final_layer_norm": "linear_norm",
}
# gain and direction of the positions' weights, by generations of PyTorch's weight norm
_GAIN_AND_DIRECTION = (
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ("weight_g", "weight_v"),
)


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """The three parts of a checkpoint that make an encoder, each without the prefix of its names.

    Args:
        convs: of the convolutions over samples, such as `conv_layers.0.conv.weight`.
        projection: of the projection, such as `projection.weight`.
        transformer: of all behind it, such as `layers.0.layer_norm.weight`.
    """

    convs: Mapping[str, Tensor]
    projection: Mapping[str, Tensor]
    transformer: Mapping[str, Tensor]


def named_as_ours(weights: EncoderWeights, arguments: Mapping[str, object]) -> dict[str, Tensor]:
    """Return the weights of an encoder under the names of `asr.wav2vec2`.

    Args:
        weights: of a checkpoint.
        arguments: of `asr.wav2vec2`, as in YAML; only what decides which weights there are counts.

    Raises:
        KeyError: a weight is missing; its name.
    """
    named = _convs(weights.convs, arguments["convs"])
    if arguments["projection_norm"]:
        named |= _pair(weights.projection, "layer_norm", "projection_norm")
    named |= _pair(weights.projection, "projection", "projection")
    named |= _positions(weights.transformer)
    named |= _pair(weights.transformer, "layer_norm", "norm")
    for number in range(int(str(arguments["layers"]))):
        for theirs, ours in _LAYER.items():
            place = f"layers.{number}."
            named |= _pair(weights.transformer, place + theirs, place + ours)
    return named


def _convs(weights: Mapping[str, Tensor], settings: object) -> dict[str, Tensor]:
    assert isinstance(settings, dict)
    named: dict[str, Tensor] = {}
    for number in range(len(settings["widths"])):
        theirs = f"conv_layers.{number}"
        named[f"convs.convs.{number}.weight"] = weights[f"{theirs}.conv.weight"]
        if settings["bias"]:
            named[f"convs.convs.{number}.bias"] = weights[f"{theirs}.conv.bias"]
        if settings["norm"] == "each" or not number:
            named |= _pair(weights, f"{theirs}.layer_norm", f"convs.norms.{number}.norm")
    return named


def _positions(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    place = "pos_conv_embed.conv."
    named = {"positions.bias": weights[f"{place}bias"]}
    for gain, direction in _GAIN_AND_DIRECTION:
        if place + gain in weights:
            named["positions.gain"] = weights[place + gain].flatten()
            named["positions.direction"] = weights[place + direction]
            return named
    weight = weights[f"{place}weight"]  # the norm was taken off after training
    named["positions.gain"] = weight.norm(dim=tuple(range(weight.dim()))[:2])
    named["positions.direction"] = weight
    return named


def _pair(weights: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": weights[f"{theirs}.{part}"] for part in ("weight", "bias")}
