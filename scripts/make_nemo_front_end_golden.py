#!/usr/bin/env python3
"""Store what NeMo's mel front end gives for short noise under many settings.

Run it where NeMo 3.0.0 is installed; phonograph is not needed:

    python scripts/make_nemo_front_end_golden.py tests/collections/asr/nemo/goldens/front_end.npz
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

LENGTHS = (4960, 3333)
USUAL = {"features": 8, "window_size": 0.025, "n_fft": 512, "dither": 0.0, "pad_to": 0}
VARIANTS: dict[str, dict[str, object]] = {
    "usual": {},
    "by NeMo's own defaults": {"features": 64, "window_size": 0.02, "n_fft": None, "pad_to": 16},
    "hamming": {"window": "hamming"},
    "blackman": {"window": "blackman"},
    "bartlett": {"window": "bartlett"},
    "all bands together": {"normalize": "all_features"},
    "not normalised": {"normalize": "NA"},
    "null for normalize": {"normalize": None},
    "no pre-emphasis": {"preemph": None},
    "magnitudes": {"mag_power": 1.0},
    "clamped": {"log_zero_guard_type": "clamp", "log_zero_guard_value": 0.01, "normalize": None},
    "tiny guard": {"log_zero_guard_value": "tiny", "normalize": None},
    "eps guard": {"log_zero_guard_value": "eps", "normalize": None},
    "no logarithm": {"log": False},
    "exact padding": {"exact_pad": True},
    "exact padding, plain": {"exact_pad": True, "preemph": None, "normalize": None},
    "three copies": {"frame_splicing": 3},
    "three copies together": {"frame_splicing": 3, "normalize": "all_features"},
    "narrow": {"lowfreq": 100, "highfreq": 7000},
    "not divided by area": {"mel_norm": None},
    "odd window in samples": {"window_size": None, "n_window_size": 401, "window_stride": None,
                              "n_window_stride": 151},
    "other padding": {"pad_to": 16, "pad_value": -5.0},
    "window that is cut": {"window_size": 0.0256789, "window_stride": 0.0109999},
    "8000 Hz": {"sample_rate": 8000, "n_fft": 256},
}  # fmt: skip


def main() -> None:
    """Run every variant on one batch and write the arrays with their settings."""
    from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    audio = 0.1 * torch.randn(len(LENGTHS), max(LENGTHS))
    audio[1, LENGTHS[1] :] = 0
    arrays = {"audio": audio.numpy().astype(np.float32), "audio_len": np.array(LENGTHS)}
    settings = {name: {**USUAL, **changes} for name, changes in VARIANTS.items()}
    for number, given in enumerate(settings.values()):
        front_end = AudioToMelSpectrogramPreprocessor(**given).eval()
        features, lengths = front_end(input_signal=audio.clone(), length=torch.tensor(LENGTHS))
        arrays[f"features{number}"] = features[:, :, : int(lengths.max())].numpy()
        arrays[f"lengths{number}"] = lengths.numpy()
    arrays["settings"] = np.array(json.dumps(settings))
    np.savez_compressed(options.out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
