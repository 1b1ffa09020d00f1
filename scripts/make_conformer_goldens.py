"""Write what NeMo's Conformer encoders give, for the tests to hold ours against.

Run with a Python that has NeMo 3.0.0, from the root of the repository:

    python scripts/make_conformer_goldens.py

Tiny encoders with random weights; one file each with the configuration, the weights under NeMo's
names, a batch of features with padding, and what came out. NeMo 3.0.0 stops with an error in three
of the subsamplings that it names; for those its layers are run here, one after another.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.modules import ConformerEncoder
from torch import Tensor

FOLDER = Path("tests/collections/asr/nemo/goldens")
# NeMo rounds the frames that it stacks by the padding of the batch, down when it fits.
LENGTHS, PADDED, FEATURES = (74, 61, 13), 90, 6
PLAIN: dict[str, Any] = {
    "feat_in": FEATURES,
    "n_layers": 2,
    "d_model": 8,
    "n_heads": 2,
    "ff_expansion_factor": 2,
    "conv_kernel_size": 5,
    "subsampling_conv_channels": 6,
}
FAST = {"subsampling": "dw_striding", "subsampling_factor": 8, "conv_kernel_size": 3}
FULLY_CAUSAL = {"causal_downsampling": True, "conv_context_size": "causal"}
BROKEN = ("vggnet", "striding_conv1d", "dw_striding_conv1d")

CASES: dict[str, dict[str, Any]] = {
    "plain": {"xscaling": False},
    "projected": {"feat_out": 5, "use_bias": False},
    "absolute": {"self_attention_model": "abs_pos", "use_pytorch_sdpa": True},
    "shared": {"untie_biases": False, "conv_norm_type": "layer_norm", "use_pytorch_sdpa": True},
    "fused": {"conv_norm_type": "fused_batch_norm", "subsampling_factor": 2},
    "linear": {"subsampling": None},
    "fast": {**FAST},
    "fast4": {**FAST, "subsampling_factor": 4, "subsampling_conv_channels": -1},
    "vgg": {"subsampling": "vggnet"},
    "conv1d": {"subsampling": "striding_conv1d"},
    "conv1d_causal": {"subsampling": "striding_conv1d", **FULLY_CAUSAL},
    "dw_conv1d": {"subsampling": "dw_striding_conv1d", "subsampling_factor": 8},
    "stacking": {"subsampling": "stacking", "subsampling_factor": 3},
    "stacking_norm": {"subsampling": "stacking_norm", "subsampling_factor": 5},
    "pooling": {"reduction": "pooling", "reduction_position": 0, "reduction_factor": 2},
    "pooling_last": {
        "reduction": "pooling",
        "reduction_position": -1,
        "reduction_factor": 2,
        "feat_out": 6,
    },
    "striding": {
        "subsampling_factor": 2,
        "reduction": "striding",
        "reduction_position": 1,
        "reduction_factor": 4,
        "att_context_size": [3, 2],
    },
    "limited": {"att_context_size": [4, 2], "conv_context_size": [3, 1]},
    "limited_left": {"att_context_size": [3, -1], "self_attention_model": "abs_pos"},
    "chunked": {
        **FAST,
        **FULLY_CAUSAL,
        "subsampling_factor": 4,
        "att_context_size": [4, 1],
        "att_context_style": "chunked_limited",
        "conv_norm_type": "layer_norm",
    },
    "chunked_many": {
        "subsampling_factor": 2,
        "causal_downsampling": True,
        "att_context_size": [[-1, 3], [6, 2], [4, 0]],
        "att_context_probs": [0.5, 0.25, 0.25],
        "att_context_style": "chunked_limited",
    },
    "right_chunks": {
        "att_context_style": "chunked_limited_with_rc",
        "att_chunk_context_size": [[8], [2], [1]],
        "conv_context_style": "dcc",
    },
    "local": {
        "self_attention_model": "rel_pos_local_attn",
        "att_context_size": [3, 3],
        "subsampling_factor": 2,
    },
    "local_right": {
        "self_attention_model": "rel_pos_local_attn",
        "att_context_size": [0, 4],
        "subsampling_factor": 2,
    },
    "local_skewed": {
        "self_attention_model": "rel_pos_local_attn",
        "att_context_size": [5, 2],
        "subsampling_factor": 2,
    },
    "local_skewed_right": {
        "self_attention_model": "rel_pos_local_attn",
        "att_context_size": [2, 5],
        "subsampling_factor": 4,
    },
    # Norms over time count the padding, and so do stacks that it fills up.
    "grouped": {**FAST, "subsampling_factor": 4, "conv_norm_type": "group_norm4", "feat_out": 5},
    "grouped_pooling": {
        "conv_norm_type": "group_norm1",
        "reduction": "pooling",
        "reduction_position": 0,
        "reduction_factor": 2,
    },
    "instance": {"conv_norm_type": "instance_norm", **FULLY_CAUSAL, "subsampling_factor": 2},
    "stacking_filled": {"subsampling": "stacking_norm", "subsampling_factor": 4},
}


def run_layers(pre_encode: Any, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Run a subsampling layer by layer, silent in the padding before each."""
    flat = pre_encode.out is None
    x = x.transpose(1, 2) if flat else x.unsqueeze(1)
    axis = 2
    for layer in pre_encode.conv:
        mask = torch.arange(x.shape[axis]) < lengths[:, None]
        x = x * (mask[:, None] if flat else mask[:, None, :, None])
        before, x = x.shape[axis], layer(x)
        if x.shape[axis] != before:
            extra = 2 if pre_encode.is_causal else 1
            lengths = (lengths + extra) // 2
    if flat:
        return x.transpose(1, 2), lengths
    return pre_encode.out(x.transpose(1, 2).flatten(2)), lengths


def make(case: dict[str, Any], seed: int) -> dict[str, Any]:
    """Run NeMo's encoder on one random batch."""
    torch.manual_seed(seed)
    configuration = {**PLAIN, **case}
    encoder = ConformerEncoder(**copy.deepcopy(configuration)).eval()
    for name, value in encoder.state_dict().items():
        if value.dim() == 1 or "pos_bias" in name:  # so that no term is trivial
            centred = name.endswith(("bias", "mean")) or "pos_bias" in name
            value.copy_(torch.randn_like(value) / 2 if centred else torch.rand_like(value) + 0.5)
    if configuration.get("subsampling") in BROKEN:
        pre_encode = encoder.pre_encode
        pre_encode.forward = lambda x, lengths: run_layers(pre_encode, x, lengths)
    lengths = torch.tensor(LENGTHS)
    valid = torch.arange(PADDED) < lengths[:, None]
    features = torch.randn(len(LENGTHS), FEATURES, PADDED) * valid[:, None]
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
        np.savez_compressed(FOLDER / f"conformer_{name}.npz", **made)


if __name__ == "__main__":
    main()
