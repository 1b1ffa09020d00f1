#!/usr/bin/env python3
"""Print what NeMo does with the mistakes that docs/faults.md says it lets pass.

It runs in an environment that has NeMo (the page is about 3.0.0), not in the one of phonograph:

    python scripts/what_nemo_lets_pass.py
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from nemo.collections.asr.models import EncDecCTCModel
from omegaconf import DictConfig, OmegaConf

LETTERS = ["a", "b", "c", " "]
FRONT_END = "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor"
ENCODER = "nemo.collections.asr.modules.ConvASREncoder"
DECODER = "nemo.collections.asr.modules.ConvASRDecoder"
BLOCK = {
    "filters": 64,
    "repeat": 1,
    "kernel": [3],
    "stride": [1],
    "dilation": [1],
    "dropout": 0.0,
    "residual": False,
    "separable": True,
}


def configuration(**changes: Any) -> DictConfig:
    """Return a small model's configuration; `a__b=1` changes `a.b`."""
    config = OmegaConf.create(
        {
            "sample_rate": 16000,
            "labels": LETTERS,
            "preprocessor": {"_target_": FRONT_END, "sample_rate": 16000, "features": 64},
            "encoder": {
                "_target_": ENCODER,
                "feat_in": 64,
                "activation": "relu",
                "jasper": [BLOCK],
            },
            "decoder": {
                "_target_": DECODER,
                "feat_in": 64,
                "num_classes": len(LETTERS),
                "vocabulary": LETTERS,
            },
            "optim": {"name": "adamw", "lr": 1e-3},
        }
    )
    for path, value in changes.items():
        OmegaConf.update(config, path.replace("__", "."), value, force_add=True)
    return config


def heard(**changes: Any) -> str:
    """Build a model and let it hear a second of noise."""
    model = EncDecCTCModel(configuration(**changes)).eval()
    lengths = torch.tensor([16000, 8000])
    scores = model(input_signal=torch.randn(2, 16000), input_signal_length=lengths)[0]
    return f"scores {list(scores.shape)}"


def encoded(features: torch.Tensor, lengths: torch.Tensor) -> str:
    """Give features to the encoder alone."""
    encoder = EncDecCTCModel(configuration()).eval().encoder
    return f"encoded {list(encoder(audio_signal=features, length=lengths)[0].shape)}"


def included() -> str:
    """Start from a checkpoint with an `include` that matches nothing."""
    model, again = (EncDecCTCModel(configuration()) for _ in range(2))
    before = {name: weight.clone() for name, weight in again.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.nemo")
        model.save_to(path)
        chosen = {"one": {"path": path, "include": ["encodr"]}}
        start = OmegaConf.create({"init_from_nemo_model": chosen})
        again.maybe_init_from_pretrained_checkpoint(start)
    changed = sum(not torch.equal(before[n], w) for n, w in again.state_dict().items())
    return f"{changed} weights changed"


TRIALS: dict[str, Callable[[], str]] = {
    "nothing is wrong": heard,
    "unknown key at the top": lambda: heard(encoderr={"feat_in": 3}),
    "unknown key of a module": lambda: heard(encoder__foo=1),
    "a front end for 8 kHz": lambda: heard(preprocessor__sample_rate=8000),
    "labels other than the vocabulary": lambda: heard(labels=["x", "y", "z", " "]),
    "80 mel bands for an encoder of 64": lambda: heard(preprocessor__features=80),
    "swapped axes, T = D": lambda: encoded(
        torch.randn(2, 64, 64).transpose(1, 2), torch.tensor([64, 30])
    ),
    "lengths that are no whole numbers": lambda: encoded(
        torch.randn(2, 64, 50), torch.tensor([50.5, 30.2])
    ),
    "`include` that matches nothing": included,
}


@torch.no_grad()
def main() -> None:
    """Try every mistake."""
    logging.disable(logging.WARNING)
    for name, trial in TRIALS.items():
        try:
            print(f"{name:34} passes: {trial()}")
        except Exception as error:  # noqa: BLE001 - NeMo and Hydra raise errors of every kind
            print(f"{name:34} {type(error).__name__}: {str(error).splitlines()[0][:90]}")


if __name__ == "__main__":
    main()
