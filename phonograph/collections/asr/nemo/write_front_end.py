"""The section `preprocessor` of a NeMo configuration, from the arguments of `asr.log_mel`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from phonograph.collections.asr.log_mel import Compression, LogMel, whole_samples
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters


def preprocessor_settings(arguments: Mapping[str, Any], *, pad_to: int) -> dict[str, Any]:
    """Write the settings of NeMo's mel front end.

    What NeMo has no setting for is left out: whoever reads the settings back finds out.

    Args:
        arguments: every argument of the module.
        pad_to: NeMo pads batches to a multiple of it; 0 for not at all.

    >>> from phonograph.modules.framing import Framing
    >>> arguments = {"sample_rate": 16000, "n_mels": 80, "window": 0.025, "hop": 0.01}
    >>> rest = dict.fromkeys(("framing", "compression", "filters")) | {"normalize": "per_feature"}
    >>> settings = preprocessor_settings(arguments | rest, pad_to=16)
    >>> settings["window_size"], settings["n_fft"], settings["preemph"]
    (0.025, 512, None)
    """
    framing: Framing = arguments["framing"] or Framing()
    compression: Compression = arguments["compression"] or Compression()
    filters: MelFilters = arguments["filters"] or MelFilters()
    rate = arguments["sample_rate"]
    return {
        "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
        "sample_rate": rate,
        "window_size": _seconds(arguments, "window"),
        "window_stride": _seconds(arguments, "hop"),
        "window": framing.shape,
        "exact_pad": framing.frames == "between",
        "preemph": framing.preemphasis or None,
        "features": arguments["n_mels"] // filters.copies,
        "frame_splicing": filters.copies,
        "n_fft": LogMel(**arguments).n_fft,
        "lowfreq": filters.f_min,
        "highfreq": filters.f_max,
        "mel_norm": "slaney" if filters.norm == "slaney" else None,
        "mag_power": compression.power,
        "log": compression.log,
        "log_zero_guard_type": compression.guard,
        "log_zero_guard_value": compression.floor,
        "normalize": _normalize(arguments["normalize"]),
        "dither": 0.0,
        "pad_to": pad_to,
    }


def preprocessor_tensors(arguments: Mapping[str, Any]) -> dict[str, Tensor]:
    """Give the window and the mel filters that the settings give, as NeMo stores them.

    Args:
        arguments: every argument of the module.
    """
    framing, filters = arguments["framing"] or Framing(), arguments["filters"] or MelFilters()
    theirs = {
        "framing": replace(framing, periodic=False),
        "filters": replace(filters, n_fft=LogMel(**arguments).n_fft, scale="slaney", edges="exact"),
    }
    built = LogMel(**{**arguments, **theirs})
    samples = whole_samples(arguments["window"], arguments["sample_rate"], "window")
    once = arguments["n_mels"] // filters.copies
    return {
        "preprocessor.featurizer.window": built.framing.window(samples, samples),
        "preprocessor.featurizer.fb": built.bank[:, :once].T.unsqueeze(0),
    }


def _seconds(arguments: Mapping[str, Any], name: str) -> float:
    """Return a duration that NeMo, which rounds down, takes for as many samples as we do."""
    seconds, rate = float(arguments[name]), arguments["sample_rate"]
    samples = whole_samples(seconds, rate, name)
    return seconds if int(seconds * rate) == samples else (samples + 0.5) / rate


def _normalize(normalize: str | FixedScale) -> Any:
    if isinstance(normalize, FixedScale):
        return {"fixed_mean": list(normalize.mean), "fixed_std": list(normalize.deviation)}
    return None if normalize == "none" else normalize
