"""`Wav2Vec2ForCTC` and `HubertForCTC` in our terms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from phonograph.collections.asr.acoustic_graph import AcousticModel
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.collections.asr.hugging_face.characters import read_characters, read_writing
from phonograph.collections.asr.hugging_face.folder import (
    read_weights,
    refuse_unsupported,
    refuse_untaken,
)
from phonograph.collections.asr.hugging_face.front_end import (
    read_feature_extractor,
    translate_waveform,
)
from phonograph.collections.asr.hugging_face.labels import blank_of, rows_of
from phonograph.collections.asr.wav2vec2_weights import EncoderWeights, named_as_ours

_WIDTHS = [512] * 7
_KERNELS = [10, 3, 3, 3, 3, 2, 2]
_STRIDES = [5, 2, 2, 2, 2, 2, 2]
_ACTIVATIONS = {"gelu": "gelu", "relu": "relu", "silu": "silu", "swish": "silu"}
_NORMS = {"group": "first", "layer": "each"}

# Of training, or of tasks other than CTC.
_WITHOUT_EFFECT = (
    "apply_spec_augment",
    "attention_probs_dropout_prob",
    "classifier_proj_size",
    "codevector_dim",
    "contrastive_logits_temperature",
    "diversity_loss_weight",
    "feat_extract_dropout",
    "feat_proj_dropout",
    "feat_quantizer_dropout",
    "final_dropout",
    "hidden_dropout_prob",
    "layerdrop",
    "num_codevector_groups",
    "num_codevectors_per_group",
    "num_feat_extract_layers",
    "num_negatives",
    "proj_codevector_dim",
    "use_weighted_layer_sum",
    "xvector_output_dim",
)
_FAMILIES_WITHOUT_EFFECT = ("mask_", "tdnn_")
_ADAPTER = ("adapter_kernel_size", "adapter_stride", "num_adapter_layers", "output_hidden_size")


def read_wav2vec2(folder: Path, settings: Settings) -> AcousticModel:
    """Read a `Wav2Vec2ForCTC`.

    Args:
        folder: where its files are.
        settings: its config.json.

    Raises:
        BundleError: settings are not supported, or files cannot be read or do not fit.
        MissingTensorError: there is no weight that the configuration asks for.
    """
    return _read(folder, settings, "wav2vec2.")


def read_hubert(folder: Path, settings: Settings) -> AcousticModel:
    """Read a `HubertForCTC`, as `read_wav2vec2`."""
    return _read(folder, settings, "hubert.")


def _read(folder: Path, settings: Settings, prefix: str) -> AcousticModel:
    arguments = _encoder(settings)
    rows, blank = rows_of(settings, 32), blank_of(settings, 0)
    extractor, extractor_file = read_feature_extractor(folder)
    rate, norm = translate_waveform(extractor)
    writing, tokenizer = read_writing(folder)
    refuse_unsupported(settings, extractor_file, tokenizer)
    labels = read_characters(folder, writing, rows, blank)
    weights = Weights(read_weights(folder))
    encoder = Part("asr.wav2vec2", arguments, _weights(arguments, weights.under(prefix)))
    head = labels.head(weights.under("lm_head."), folder)
    refuse_untaken(weights, folder)
    front_end = {"norm": norm} if norm else {}
    name = folder.resolve().name
    return AcousticModel(name, rate, encoder, front_end, labels.tokenizer, head)


def _encoder(settings: Settings) -> dict[str, Any]:
    families = [key for key in settings.keys() if key.startswith(_FAMILIES_WITHOUT_EFFECT)]  # noqa: SIM118
    settings.ignore(*_WITHOUT_EFFECT, *families)
    _refuse_adapters(settings)
    if settings.flag("conv_pos_batch_norm", default=False):
        settings.refuse("conv_pos_batch_norm", "batch norm before the positions is not supported")
    return _arguments(settings)


def _weights(arguments: Mapping[str, Any], weights: Weights) -> dict[str, Tensor]:
    if "masked_spec_embed" in weights:
        weights["masked_spec_embed"]  # stands in for what is hidden in training
    parts = EncoderWeights(
        convs=weights.under("feature_extractor."),
        projection=weights.under("feature_projection."),
        transformer=weights.under("encoder."),
    )
    return named_as_ours(parts, arguments)


def _arguments(settings: Settings) -> dict[str, Any]:
    return {
        "d_model": settings.number("hidden_size", 768),
        "layers": settings.number("num_hidden_layers", 12),
        "convs": {
            "widths": _whole_numbers(settings, "conv_dim", _WIDTHS),
            "kernels": _whole_numbers(settings, "conv_kernel", _KERNELS),
            "strides": _whole_numbers(settings, "conv_stride", _STRIDES),
            "norm": settings.choice("feat_extract_norm", _NORMS, "group"),
            "bias": settings.flag("conv_bias", default=False),
            "activation": settings.choice("feat_extract_activation", _ACTIVATIONS, "gelu"),
        },
        "projection_norm": settings.flag("feat_proj_layer_norm", default=True),
        "positions": {
            "kernel": settings.number("num_conv_pos_embeddings", 128),
            "groups": settings.number("num_conv_pos_embedding_groups", 16),
        },
        "block": {
            "heads": settings.number("num_attention_heads", 12),
            "middle": settings.number("intermediate_size", 3072),
            "norm_first": settings.flag("do_stable_layer_norm", default=False),
            "activation": settings.choice("hidden_act", _ACTIVATIONS, "gelu"),
            "norm_epsilon": settings.number("layer_norm_eps", 1e-5),
            "dropout": settings.number("hidden_dropout", 0.1),
            "attention_dropout": settings.number("attention_dropout", 0.1),
            "middle_dropout": settings.number("activation_dropout", 0.1),
        },
    }


def _refuse_adapters(settings: Settings) -> None:
    if settings.flag("add_adapter", default=False):
        settings.refuse("add_adapter", "convolutions behind the transformer are not supported")
    if settings.value("adapter_attn_dim") is not None:
        settings.refuse("adapter_attn_dim", "adapters of languages are not supported")
    settings.ignore(*_ADAPTER)


def _whole_numbers(settings: Settings, key: str, default: list[int]) -> list[int]:
    found = settings.value(key, default)
    whole = isinstance(found, list) and all(type(number) is int for number in found)
    if whole and found:
        return list(found)
    settings.refuse(key, "a list of whole numbers is wanted")
    return default
