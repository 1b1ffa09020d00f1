"""Write a graph of sixty modules: three front ends, nine CTC heads, a transducer, losses joined."""

from __future__ import annotations

import sys

FRONTS = {
    "mel": "{module: asr.log_mel, from: dither.audio, with: {n_mels: 80}}",
    "mfcc": "{module: asr.mfcc, from: dither.audio, with: {n_mfcc: 40}}",
    "spectrum": "{module: asr.log_spectrogram, from: dither.audio}",
}
BASES = {
    "mel": "{module: asr.conformer, from: augment_mel.features, with: {d_model: 144, layers: 4}}",
    "mfcc": "{module: asr.quartznet, from: augment_mfcc.features, with: {blocks: 5, repeat: 5}}",
    "spectrum": "{module: asr.dense, from: augment_spectrum.features, with: {d_model: 256}}",
}


def sixty_modules() -> str:
    """Return the graph as YAML."""
    nodes = {
        "data": (
            "{module: asr.manifest, with: {sample_rate: 16000, "
            'tokenizer: {type: characters, alphabet: "abcdefghijklmnopqrstuvwxyz \'"}}}'
        ),
        "dither": "{module: asr.dither, from: data.audio, only: train}",
    }
    losses = []
    for name, front in FRONTS.items():
        nodes[name] = front
        nodes[f"augment_{name}"] = (
            f"{{module: asr.spec_augment, from: {name}.features, only: train}}"
        )
        nodes[f"base_{name}"] = BASES[name]
        nodes[f"middle_{name}"] = _recurrent(f"base_{name}", 256)
        nodes[f"left_{name}"] = _recurrent(f"middle_{name}", 192)
        nodes[f"right_{name}"] = _recurrent(f"middle_{name}", 320)
        ends = [_head(nodes, f"{part}_{name}") for part in ("base", "left", "right")]
        losses.append(_joined(nodes, f"sum_{name}", ends))
    nodes["predictor"] = "{module: asr.predictor, from: data.tokens, with: {d_model: 320}}"
    nodes["joint"] = (
        "{module: asr.joint, from: {encoded: left_mel.encoded, predicted: predictor.predicted}, "
        "with: {d_model: 256}}"
    )
    nodes["transducer"] = (
        "{module: asr.transducer_loss, from: {logits: joint.logits, targets: data.tokens}}"
    )
    nodes["text"] = (
        "{module: asr.transducer_greedy, from: {encoded: left_mel.encoded, "
        "predictor: predictor.network, joint: joint.network}}"
    )
    _joined(nodes, "loss", [*losses, "transducer"])
    lines = [f"  {name}: {node}" for name, node in nodes.items()]
    return "\n".join(["phonograph: 1", "name: sixty", "modules:", *lines, *_VIEWS])


_VIEWS = (
    "views:",
    "  train: {run: [loss.loss]}",
    "  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}",
    "  infer: {feed: [data.audio], run: [text.text, text_right_mfcc.text]}\n",
)


def _recurrent(source: str, width: int) -> str:
    settings = f"{{d_model: {width}, layers: 2, cell: lstm}}"
    return f"{{module: asr.recurrent, from: {source}.encoded, with: {settings}}}"


def _head(nodes: dict[str, str], name: str) -> str:
    nodes[f"head_{name}"] = f"{{module: asr.ctc_head, from: {name}.encoded}}"
    scores = f"log_probs: head_{name}.log_probs"
    nodes[f"loss_{name}"] = f"{{module: asr.ctc_loss, from: {{{scores}, targets: data.tokens}}}}"
    nodes[f"text_{name}"] = f"{{module: asr.ctc_greedy, from: {{{scores}}}}}"
    return f"loss_{name}"


def _joined(nodes: dict[str, str], name: str, losses: list[str]) -> str:
    first, *others = losses
    for number, other in enumerate(others, start=1):
        joined = name if number == len(others) else f"{name}_{number}"
        nodes[joined] = (
            f"{{module: asr.weighted_loss, from: {{first: {first}.loss, second: {other}.loss}}}}"
        )
        first = joined
    return first


if __name__ == "__main__":
    sys.stdout.write(sixty_modules())
