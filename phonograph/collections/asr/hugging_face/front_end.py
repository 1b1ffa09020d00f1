"""What a folder says about the audio its model hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.hugging_face.folder import UNREADABLE, read_json_settings, refusal

_FILE = "preprocessor_config.json"
_NESTED, _SECTION = "processor_config.json", "feature_extractor"
_SAVE = "save it where transformers is installed: transformers.AutoProcessor.from_pretrained(…)"
_EPSILON = 1e-7
# Of batches: our modules mask padding. Or of classes.
_WITHOUT_EFFECT = ("padding_side", "padding_value", "processor_class", "return_attention_mask")


def read_feature_extractor(folder: Path) -> tuple[Settings, Settings]:
    """Read the settings of the feature extractor.

    Returns:
        those settings, and the whole file they stand in.

    Raises:
        BundleError: PB040, there are none.
    """
    if (folder / _NESTED).exists():
        whole = read_json_settings(folder, _NESTED)
        if _SECTION in whole:
            whole.ignore("processor_class", "tokenizer", "blank_token", "decoder_type")
            return whole.section(_SECTION), whole
    if (folder / _FILE).exists():
        whole = read_json_settings(folder, _FILE)
        return whole, whole
    raise refusal(UNREADABLE, folder, f"it has no {_FILE} and no {_NESTED}", _SAVE)


def translate_waveform(settings: Settings) -> tuple[int, Part | None]:
    """Return the sample rate that a model of audio wants, and what comes before it, if anything."""
    settings.choice("feature_extractor_type", {"Wav2Vec2FeatureExtractor": True, None: True}, None)
    settings.choice("feature_size", {1: True}, 1)
    settings.ignore(*_WITHOUT_EFFECT)
    rate = settings.number("sampling_rate", 16000)
    normed = settings.flag("do_normalize", default=True)
    return rate, Part("asr.waveform_norm", {"epsilon": _EPSILON}) if normed else None


def translate_mel(settings: Settings) -> tuple[int, Part]:
    """Return the sample rate that a Parakeet model wants, and its features."""
    settings.choice("feature_extractor_type", {"ParakeetFeatureExtractor": True, None: True}, None)
    settings.ignore(*_WITHOUT_EFFECT)
    rate = settings.number("sampling_rate", 16000)
    window, hop = settings.number("win_length", 400), settings.number("hop_length", 160)
    emphasised = settings.value("preemphasis", 0.97) is not None
    arguments: dict[str, Any] = {
        "sample_rate": rate,
        "n_mels": settings.number("feature_size", 80),
        "window": window / max(1, rate),
        "hop": hop / max(1, rate),
        "normalize": "per_feature",
        "framing": {
            "shape": "hann",
            "periodic": False,
            "frames": "whole",
            "preemphasis": settings.number("preemphasis", 0.97) if emphasised else 0.0,
        },
        "compression": {"power": 2.0, "log": True, "guard": "add", "floor": 2**-24},
        "filters": {"n_fft": settings.number("n_fft", 512), "norm": "slaney"},
    }
    return rate, Part("asr.log_mel", arguments)
