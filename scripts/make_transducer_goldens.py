"""Write what NeMo's transducers give, for the tests to hold ours against.

Run with a Python that has NeMo 3.0.0, from the root of the repository:

    python scripts/make_transducer_goldens.py

Tiny networks with random weights; one file each with the configuration, the weights under NeMo's
names, a batch of encoded frames and transcripts, and what came out: the predicted prefixes, the
joint scores, each utterance's loss, and greedy tokens with their frames.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.losses.rnnt_pytorch import RNNTLossPytorch, TDTLossPytorch
from nemo.collections.asr.modules import RNNTDecoder, RNNTJoint, StatelessTransducerDecoder
from nemo.collections.asr.parts.submodules.rnnt_greedy_decoding import (
    GreedyBatchedRNNTInfer,
    GreedyBatchedTDTInfer,
)

FOLDER = Path("tests/collections/asr/nemo/goldens")
VOCAB, ENCODED, PREDICTED = 5, 7, 8
MAX_SYMBOLS = 3
SEEDS = {"transducer": 0, "stateless": 6, "tdt": 7}
BLANK_LIFT = 1.5  # enough blanks to get on
LENGTHS, TARGET_LENGTHS = (14, 9, 11), (4, 0, 3)

CASES: dict[str, dict[str, Any]] = {
    "transducer": {
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "prednet": {"pred_hidden": PREDICTED, "pred_rnn_layers": 2, "dropout": 0.2},
        },
        "joint": {"jointnet": {"joint_hidden": 6, "activation": "relu", "dropout": 0.2}},
        "loss": {"loss_name": "default"},
    },
    "stateless": {
        "decoder": {
            "_target_": "nemo.collections.asr.modules.StatelessTransducerDecoder",
            "context_size": 3,
            "normalization_mode": "layer",
            "prednet": {"pred_hidden": PREDICTED},
        },
        "joint": {"jointnet": {"joint_hidden": 6, "activation": "tanh"}},
        "loss": {"loss_name": "default"},
    },
    "tdt": {
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "prednet": {"pred_hidden": PREDICTED, "pred_rnn_layers": 1, "dropout": 0.0},
        },
        "joint": {
            "num_extra_outputs": 3,
            "jointnet": {"joint_hidden": 6, "activation": "sigmoid", "dropout": 0.0},
        },
        "loss": {"loss_name": "tdt", "tdt_kwargs": {"durations": [0, 1, 2], "sigma": 0.05}},
    },
}


def make(case: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Run NeMo's modules on one random batch."""
    torch.manual_seed(seed)
    decoder, joint = networks(case)
    batch = len(LENGTHS)
    encoded = 2 * torch.randn(batch, ENCODED, max(LENGTHS))
    targets = torch.randint(0, VOCAB, (batch, max(TARGET_LENGTHS)))
    lengths, target_lengths = torch.tensor(LENGTHS), torch.tensor(TARGET_LENGTHS)
    with torch.no_grad():
        predicted, *_ = decoder(targets=targets, target_length=target_lengths)
        scores = joint(encoder_outputs=encoded, decoder_outputs=predicted)
        losses = loss_of(case)(
            acts=scores, labels=targets, act_lens=lengths, label_lens=target_lengths
        )
        hypotheses = search_of(case, decoder, joint)(
            encoder_output=encoded, encoded_lengths=lengths
        )[0]
    made = {
        "encoded": encoded,
        "lengths": lengths,
        "targets": targets,
        "target_lengths": target_lengths,
        "predicted": predicted,
        "joint": scores,
        "losses": losses,
    }
    for row, hypothesis in enumerate(hypotheses):
        made[f"tokens{row}"] = torch.as_tensor(hypothesis.y_sequence, dtype=torch.int64)
        made[f"frames{row}"] = torch.as_tensor(hypothesis.timestamp, dtype=torch.int64)
    made |= {f"decoder.{name}": weight for name, weight in decoder.state_dict().items()}
    made |= {f"joint.{name}": weight for name, weight in joint.state_dict().items()}
    return {name: value.numpy() for name, value in made.items()} | {
        "configuration": np.array(json.dumps(case))
    }


def networks(case: dict[str, Any]) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Build both networks, with weights large enough for varied results."""
    written = dict(case["decoder"])
    stateless = "Stateless" in written.pop("_target_")
    kind = StatelessTransducerDecoder if stateless else RNNTDecoder
    decoder = kind(vocab_size=VOCAB, **written).eval()
    joint_case = dict(case["joint"])
    jointnet = {**joint_case.pop("jointnet"), "encoder_hidden": ENCODED, "pred_hidden": PREDICTED}
    joint = RNNTJoint(jointnet, num_classes=VOCAB, log_softmax=False, **joint_case).eval()
    with torch.no_grad():
        for weight in (*decoder.parameters(), *joint.parameters()):
            weight *= 3 if weight.dim() > 1 else 1
        joint.joint_net[-1].weight *= 3 if "num_extra_outputs" in case["joint"] else 1
        joint.joint_net[-1].bias[VOCAB] += BLANK_LIFT
    return decoder, joint


def loss_of(case: dict[str, Any]) -> torch.nn.Module:
    """Return the reference form of the loss, which runs without a GPU."""
    if case["loss"]["loss_name"] == "tdt":
        return TDTLossPytorch(blank=VOCAB, reduction="none", **case["loss"]["tdt_kwargs"])
    return RNNTLossPytorch(blank=VOCAB, reduction="none")


def search_of(case: dict[str, Any], decoder: torch.nn.Module, joint: torch.nn.Module) -> Any:
    """Return the greedy search for batches."""
    common: dict[str, Any] = {"max_symbols_per_step": MAX_SYMBOLS, "use_cuda_graph_decoder": False}
    if case["loss"]["loss_name"] == "tdt":
        durations = case["loss"]["tdt_kwargs"]["durations"]
        return GreedyBatchedTDTInfer(decoder, joint, VOCAB, durations, **common)
    return GreedyBatchedRNNTInfer(decoder, joint, VOCAB, **common)


def main() -> None:
    """Write one file per case."""
    # The reference TDT loss asks for a GPU.
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        made = make(case, SEEDS[name])
        said = [made[f"tokens{row}"].tolist() for row in range(len(LENGTHS))]
        print(f"{name}: losses {made['losses'].tolist()}, tokens {said}")
        np.savez_compressed(FOLDER / f"{name}.npz", **made)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
