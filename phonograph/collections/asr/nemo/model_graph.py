"""The graph of a recogniser from its translated parts, wired as our recipes are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part

_SCORES, _TDT_SCORES = ("logits",), ("logits", "durations", "jumps")
_PLAIN = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Transducer:
    """The networks, loss and search of a transducer."""

    predictor: Part
    joint: Part
    loss: Part
    text: Part


@dataclass(frozen=True, slots=True)
class Recogniser:
    """What a model is made of.

    Args:
        name: what the graph is called.
        tokenizer: the tokens, as a graph describes them.
        mel: the front end.
        encoder: the encoder.
        head: scores of a CTC model.
        transducer: the networks of a transducer; a hybrid has both.
        dither: noise while training.
        augment: masks while training.
        ctc_share: how much the CTC loss of a hybrid counts, in [0, 1].
    """

    name: str
    tokenizer: Mapping[str, Any]
    mel: Part
    encoder: Part
    head: Part | None = None
    transducer: Transducer | None = None
    dither: Part | None = None
    augment: Part | None = None
    ctc_share: float = 0.5


def recogniser_graph(model: Recogniser) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Write a recogniser as a graph.

    Returns:
        the graph as plain data, with the views `train`, `validate` and `infer`, and weights by
        `node.parameter`.
    """
    wiring = _Wiring()
    mel = dict(model.mel.arguments)
    data = {"sample_rate": mel.pop("sample_rate"), "tokenizer": dict(model.tokenizer)}
    wiring.add("data", Part("asr.manifest", data))
    audio = wiring.add_for_training("dither", model.dither, "data.audio")
    wiring.add("mel", Part(model.mel.module, mel, model.mel.weights), audio)
    features = wiring.add_for_training("augment", model.augment, "mel.features")
    wiring.add("encoder", model.encoder, features)
    hybrid = model.head is not None and model.transducer is not None
    if model.transducer is not None:
        _add_transducer(wiring, model.transducer, loss="transducer" if hybrid else "loss")
    if model.head is not None:
        _add_ctc(wiring, model.head, hybrid=hybrid)
    if hybrid:
        losses = {"first": "transducer.loss", "second": "ctc.loss"}
        wiring.add("loss", Part("asr.weighted_loss", {"weight": model.ctc_share}), losses)
    graph = {
        "phonograph": 1,
        "name": _PLAIN.sub("-", model.name).strip("-.") or "imported",
        "modules": wiring.modules,
        "views": _views(hybrid=hybrid),
    }
    return graph, wiring.weights


@dataclass(slots=True)
class _Wiring:
    """Nodes in the order of the data, and their weights."""

    modules: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)

    def add(self, name: str, part: Part, source: Any = None, *, only: str = "") -> None:
        node: dict[str, Any] = {"module": part.module}
        node |= {"from": source} if source else {}
        node |= {"with": dict(part.arguments)} if part.arguments else {}
        node |= {"only": only} if only else {}
        self.modules[name] = node
        self.weights |= {f"{name}.{key}": tensor for key, tensor in part.weights.items()}

    def add_for_training(self, name: str, part: Part | None, source: str) -> str:
        """Add a node that training alone runs, if there is one; return where to go on."""
        if part is None:
            return source
        self.add(name, part, source, only="train")
        return f"{name}.{source.partition('.')[2]}"


def _add_transducer(wiring: _Wiring, model: Transducer, *, loss: str) -> None:
    wiring.add("predictor", model.predictor, "data.tokens")
    frames = {"encoded": "encoder.encoded", "predicted": "predictor.predicted"}
    wiring.add("joint", model.joint, frames)
    scores = _TDT_SCORES if model.joint.module == "asr.tdt_joint" else _SCORES
    scored = {name: f"joint.{name}" for name in scores}
    wiring.add(loss, model.loss, {**scored, "targets": "data.tokens"})
    networks = {"predictor": "predictor.network", "joint": "joint.network"}
    wiring.add("text", model.text, {"encoded": "encoder.encoded", **networks})


def _add_ctc(wiring: _Wiring, head: Part, *, hybrid: bool) -> None:
    wiring.add("head", head, "encoder.encoded")
    scores = {"log_probs": "head.log_probs", "targets": "data.tokens"}
    wiring.add("ctc" if hybrid else "loss", Part("asr.ctc_loss"), scores)
    wiring.add("ctc_text" if hybrid else "text", Part("asr.ctc_greedy"), "head.log_probs")


def _views(*, hybrid: bool) -> dict[str, Any]:
    compared = ["text.text", "data.text"]
    views: dict[str, Any] = {
        "train": {"run": ["loss.loss"]},
        "validate": {"run": ["loss.loss"], "score": {"wer": compared, "cer": compared}},
        "infer": {"feed": ["data.audio"], "run": ["text.text", "text.hypotheses"]},
    }
    if hybrid:
        read = ["ctc_text.text", "ctc_text.hypotheses"]
        views["infer_ctc"] = {"feed": ["data.audio"], "run": read}
    return views
