"""Write what NeMo's convolutional encoders give, for the tests to hold ours against.

Run with a Python that has NeMo 3.0.0, from the root of the repository:

    python scripts/make_conv_encoder_goldens.py

Tiny encoders with random weights; one file each with the configuration, the weights under NeMo's
names, a batch of features padded as NeMo's front end pads it, and what came out.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.modules import ConvASREncoder

FOLDER = Path("tests/collections/asr/nemo/goldens")
LENGTHS, PADDED = (40, 29, 7), 48

Row = dict[str, Any]


def row(filters: int, kernel: int, **changed: Any) -> Row:
    """Return a row of `jasper` as the published configurations write it."""
    plain = {
        "filters": filters,
        "kernel": [kernel],
        "repeat": 1,
        "stride": [1],
        "dilation": [1],
        "dropout": 0.0,
        "residual": False,
        "separable": True,
    }
    return {**plain, **changed}


STRIDE_LAST: Row = {"stride": [2], "stride_last": True, "residual_mode": "stride_add"}
DENSE: Row = {"residual": True, "residual_dense": True, "repeat": 2}

CASES: dict[str, dict[str, Any]] = {
    "hardtanh": {
        "activation": "hardtanh",
        "jasper": [
            row(6, 5, stride=[2]),
            row(6, 7, repeat=3, residual=True),
            row(8, 3, dilation=[2], separable=False),
        ],
    },
    "strides": {
        "activation": "swish",
        "jasper": [
            row(6, 5, stride=[2], repeat=2),
            row(6, 8, repeat=3, residual=True, kernel_size_factor=0.7, **STRIDE_LAST),
            row(4, 9, stride=[3], residual=True),  # the mode of the row before holds on
        ],
    },
    "gates": {
        "activation": "relu",
        "frame_splicing": 2,
        "jasper": [
            row(8, 5, se=True, se_reduction_ratio=2),
            row(8, 5, repeat=2, residual=True, se=True, se_context_size=4, **STRIDE_LAST),
        ],
    },
    "groups": {
        "activation": "gelu",
        "jasper": [
            row(8, 5, groups=4),
            row(8, 3, groups=2, repeat=2, residual=True, se=True),
            row(6, 3, groups=2, separable=False),
        ],
    },
    "dense": {
        "activation": "selu",
        "jasper": [
            row(6, 5, separable=False, stride=[2]),
            row(5, 3, separable=False, **DENSE),
            row(7, 3, **DENSE),
            row(6, 3, se=True, se_reduction_ratio=3, **DENSE),
            row(4, 1, separable=False),
        ],
    },
    "ahead": {
        "activation": "identity",
        "jasper": [
            row(6, 5, future_context=8),  # more than there are taps: as without
            row(6, 7, future_context=2, repeat=2, residual=True),
            row(6, 9, future_context=0, separable=False, stride=[2]),
            row(6, 5, future_context=4),
        ],
    },
    "layer": {
        "activation": "relu",
        "normalization_mode": "layer",
        "jasper": [row(6, 5, stride=[2]), row(6, 3, separable=False, residual=True)],
    },
    "instance": {
        "activation": "relu",
        "normalization_mode": "instance",
        "jasper": [row(6, 5, separable=False), row(6, 3, stride=[2])],
    },
    "group": {
        "activation": "relu",
        "normalization_mode": "group",
        "norm_groups": 2,
        "jasper": [row(6, 5, repeat=2, residual=True), row(8, 3, groups=2)],
    },
    "max": {
        "activation": "relu",
        "residual_mode": "max",
        "jasper": [row(6, 5, stride=[2]), row(6, 3, repeat=2, residual=True)],
    },
}


def make(case: dict[str, Any], seed: int) -> dict[str, Any]:
    """Run NeMo's encoder on one random batch."""
    torch.manual_seed(seed)
    configuration = {"feat_in": 4, **case}
    encoder = ConvASREncoder(**copy.deepcopy(configuration)).eval()
    for name, value in encoder.state_dict().items():
        if value.dim() == 1:  # so that no term is trivial
            centred = name.endswith(("bias", "mean"))
            value.copy_(torch.randn_like(value) if centred else torch.rand_like(value) + 0.5)
    lengths = torch.tensor(LENGTHS)
    valid = torch.arange(PADDED) < lengths[:, None]
    features = torch.randn(len(LENGTHS), configuration["feat_in"], PADDED)
    if case.get("frame_splicing", 1) > 1:
        features = torch.cat([features] * case["frame_splicing"], dim=1)
    features = features * valid[:, None]
    with torch.no_grad():
        encoded, encoded_lengths = encoder(audio_signal=features, length=lengths)
    weights = {f"encoder.{name}": value.numpy() for name, value in encoder.state_dict().items()}
    return {
        **weights,
        "configuration": np.array(json.dumps({"encoder": configuration})),
        "features": features[:, :, : max(LENGTHS)].numpy(),
        "features_len": lengths.numpy(),
        "encoded": encoded.numpy(),
        "encoded_len": encoded_lengths.numpy(),
    }


def main() -> None:
    """Write one file per case."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(CASES.items()):
        made = make(case, seed)
        print(f"{name}: largest value {abs(made['encoded']).max():.2f}")
        np.savez_compressed(FOLDER / f"conv_{name}.npz", **made)


if __name__ == "__main__":
    main()
