#!/usr/bin/env python3
"""Print how well `adapt.resample` rejects what the new rate cannot hold, beside two libraries.

Tones above half of the new rate should vanish; what is left of the loudest of them is told in dB.

    python scripts/bench_resample.py
    python scripts/bench_resample.py --json resample.json
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import soxr
import torch
import torchaudio
from torch import Tensor

from phonograph.modules.resample import Resample

FROM, TO = 16000, 8000
TONES = range(4001, 8000, 37)
SETTLED = 2000
"""Samples at both ends that the filters of all three need to settle."""


def ours(audio: Tensor) -> Tensor:
    """Resample with `adapt.resample`."""
    module = Resample(FROM, rate=TO)
    return module(audio[None], torch.tensor([audio.numel()]))[0][0]


def with_soxr(audio: Tensor) -> Tensor:
    """Resample with soxr at high quality."""
    return torch.from_numpy(soxr.resample(audio.numpy(), FROM, TO, quality="HQ"))


def with_torchaudio(audio: Tensor) -> Tensor:
    """Resample with torchaudio as it comes."""
    return torchaudio.functional.resample(audio, FROM, TO)


def rejection(resample: Callable[[Tensor], Tensor]) -> float:
    """Return how far below its loudness a tone comes out that should not, in dB, at worst."""
    time = torch.arange(4 * FROM, dtype=torch.float64) / FROM
    worst = 0.0
    for tone in TONES:
        audio = torch.sin(2 * math.pi * tone * time).float()
        left = resample(audio)[SETTLED:-SETTLED].double().square().mean().sqrt()
        worst = max(worst, float(left))
    return -20 * math.log10(max(worst, 1e-12) * math.sqrt(2))


def main() -> None:
    """Measure all three, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    methods = {
        "adapt.resample": ours,
        f"soxr {soxr.__version__}, HQ": with_soxr,
        f"torchaudio {torchaudio.__version__}": with_torchaudio,
    }
    figures = {name: round(rejection(method), 1) for name, method in methods.items()}
    print(f"{FROM} Hz to {TO} Hz, tones from {TONES.start} Hz: the loudest that is left")
    for name, decibels in figures.items():
        print(f"{name:24} {decibels:6.1f} dB below")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
