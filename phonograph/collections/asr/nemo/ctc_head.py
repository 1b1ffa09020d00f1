"""NeMo's `ConvASRDecoder` as `asr.ctc_head`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings


def translate(settings: Settings, weights: Mapping[str, Tensor]) -> Part:
    """Translate the section `decoder` of a CTC model.

    Args:
        settings: the section.
        weights: its tensors: one convolution over single frames.

    >>> import torch
    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> layer = {"weight": torch.zeros(29, 64, 1), "bias": torch.zeros(29)}
    >>> weights = {f"decoder_layers.0.{name}": value for name, value in layer.items()}
    >>> translate(read_settings("num_classes: 28"), weights).weights["linear.weight"].shape
    torch.Size([29, 64])
    """
    # sizes are those of the weights, and `vocabulary` is read with the tokenizer
    settings.ignore("feat_in", "num_classes", "vocabulary", "init_mode")
    target = str(settings.value("_target_", "ConvASRDecoder"))
    if target.rpartition(".")[2] != "ConvASRDecoder":
        settings.refuse("_target_", f"`{target}` is not supported; ConvASRDecoder is")
        return Part("asr.ctc_head")
    if not settings.flag("add_blank", default=True):
        settings.refuse("add_blank", "the blank must be the last class")
    layer = {"linear.weight": weights["decoder_layers.0.weight"].squeeze(-1)}
    return Part("asr.ctc_head", {}, {**layer, "linear.bias": weights["decoder_layers.0.bias"]})
