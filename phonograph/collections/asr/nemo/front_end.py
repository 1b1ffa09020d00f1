"""NeMo's mel front end (`AudioToMelSpectrogramPreprocessor`) as `asr.log_mel`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.log_mel import Compression, LogMel, whole_samples
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters

_LEAST = {"tiny": torch.finfo(torch.float32).tiny, "eps": torch.finfo(torch.float32).eps}
_SHAPES = {name: name for name in ("hann", "hamming", "blackman", "bartlett")}
_CLOSE = 1e-4  # of the largest weight; releases of librosa differ by rounding

_ONLY_IN_TRAINING = ("dither", "nb_augmentation_prob", "nb_max_freq", "rng")
# `pad_to` and `pad_value` write beyond an utterance's length, where nothing of ours reads; the
# others are accepted by NeMo and change nothing.
_WITHOUT_EFFECT = ("pad_to", "pad_value", "use_torchaudio", "stft_exact_pad", "stft_conv")


def translate(settings: Settings, weights: Mapping[str, Tensor]) -> Part:
    """Translate the section `preprocessor`.

    Args:
        settings: the section.
        weights: its tensors: the window and the mel filters, which must be those of the settings.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> translate(read_settings("{features: 80, window_size: 0.025, n_fft: 512}"), {}).module
    'asr.log_mel'
    """
    settings.ignore("_target_", *_ONLY_IN_TRAINING, *_WITHOUT_EFFECT)
    rate = settings.number("sample_rate", 16000)
    if rate < 1:
        settings.refuse("sample_rate", "a number from 1 is wanted")
        rate = 16000
    window = _samples(settings, ("window_size", "n_window_size"), 0.02, rate)
    hop = _samples(settings, ("window_stride", "n_window_stride"), 0.01, rate)
    copies = max(1, settings.number("frame_splicing", 1))
    arguments: dict[str, Any] = {
        "sample_rate": rate,
        "n_mels": settings.number("features", 64) * copies,
        "window": _seconds(window, rate),
        "hop": _seconds(hop, rate),
        "normalize": _normalize(settings),
        "framing": _framing(settings, hop),
        "compression": _compression(settings),
        "filters": _filters(settings, window, copies),
    }
    if settings.sound:
        _compare(settings, arguments, weights)
    return Part("asr.log_mel", arguments)


def dither(settings: Settings) -> float:
    """Return the deviation of the noise that NeMo adds to the samples in training."""
    return settings.number("dither", 1e-5)


def _samples(settings: Settings, names: tuple[str, str], default: float, rate: int) -> int:
    in_seconds, in_samples = names
    if settings.value(in_samples) is not None:
        if settings.value(in_seconds, default) is not None:
            settings.refuse(in_samples, f"`{in_seconds}` is given too")
        return settings.number(in_samples, 1)
    return max(1, int(settings.number(in_seconds, default) * rate))


def _seconds(samples: int, rate: int) -> float:
    """Return the shortest decimal that is so many samples."""
    for digits in range(1, 12):
        seconds = round(samples / rate, digits)
        if seconds > 0 and whole_samples(seconds, rate, "") == samples:
            return seconds
    return samples / rate


def _normalize(settings: Settings) -> Any:
    match settings.value("normalize", "per_feature"):
        case "per_feature" | "all_features" as known:
            return known
        case {"fixed_mean": list(mean), "fixed_std": list(deviation)}:
            return {"mean": _flat(mean), "deviation": _flat(deviation)}
        case dict():
            settings.refuse("normalize", "lists `fixed_mean` and `fixed_std` are wanted")
    return "none"  # as NeMo takes every other word


def _flat(numbers: list[Any]) -> list[Any]:
    """Leave out the axis of a batch of one."""
    match numbers:
        case [list(inner)]:
            return inner
    return numbers


def _framing(settings: Settings, hop: int) -> dict[str, Any]:
    between = settings.flag("exact_pad", default=False)
    if between and hop % 2:
        settings.refuse("exact_pad", f"needs an even hop, not {hop} samples")
    emphasised = settings.value("preemph", 0.97) is not None
    return {
        "shape": settings.choice("window", _SHAPES, "hann"),
        "periodic": False,
        "frames": "between" if between else "whole",
        "preemphasis": settings.number("preemph", 0.97) if emphasised else 0.0,
    }


def _compression(settings: Settings) -> dict[str, Any]:
    match settings.value("log_zero_guard_value", 2**-24):
        case "tiny" | "eps" as least:
            floor = _LEAST[least]
        case _:
            floor = settings.number("log_zero_guard_value", 2**-24)
    return {
        "power": settings.number("mag_power", 2.0),
        "log": settings.flag("log", default=True),
        "guard": settings.choice("log_zero_guard_type", {"add": "add", "clamp": "clamp"}, "add"),
        "floor": floor,
    }


def _filters(settings: Settings, window: int, copies: int) -> dict[str, Any]:
    points = int(settings.number("n_fft", None) or 2 ** math.ceil(math.log2(window)))
    if points % 2:
        settings.refuse("n_fft", f"must be even, not {points}")
    return {
        "n_fft": points,
        "f_min": float(settings.number("lowfreq", 0.0)),
        "f_max": settings.number("highfreq", None) or None,
        "norm": settings.choice("mel_norm", {"slaney": "slaney", None: "none"}, "slaney"),
        "copies": copies,
    }


def _compare(
    settings: Settings, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Hold the stored window and filters against those that the settings give."""
    try:
        built = _built(arguments)
    except (TypeError, ValueError) as error:
        settings.refuse("_target_", f"{error}")
        return
    samples = whole_samples(arguments["window"], arguments["sample_rate"], "window")
    window = built.framing.window(samples, samples)
    once = built.bank.shape[1] // arguments["filters"]["copies"]
    filters = built.bank[:, :once].T.unsqueeze(0)
    ours = {"featurizer.window": window, "featurizer.fb": filters}
    for name, expected in ours.items():
        if name in weights and not _alike(weights[name], expected):
            settings.refuse("_target_", f"the stored `{name}` is not what the settings give")


def _built(arguments: Mapping[str, Any]) -> LogMel:
    normalize = arguments["normalize"]
    if isinstance(normalize, dict):
        normalize = FixedScale(*(tuple(normalize[name]) for name in ("mean", "deviation")))
    return LogMel(
        arguments["sample_rate"],
        n_mels=arguments["n_mels"],
        window=arguments["window"],
        hop=arguments["hop"],
        normalize=normalize,
        framing=Framing(**arguments["framing"]),
        compression=Compression(**arguments["compression"]),
        filters=MelFilters(**arguments["filters"]),
    )


def _alike(stored: Tensor, expected: Tensor) -> bool:
    if stored.shape != expected.shape:
        return False
    return bool((stored.float() - expected).abs().max() <= _CLOSE * expected.abs().max())
