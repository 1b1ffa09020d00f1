"""The graph of an acoustic model that was read from elsewhere, wired as our recipes are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part

_GIVES = {
    "asr.dither": "audio",
    "asr.waveform_norm": "normed",
    "asr.log_mel": "features",
    "asr.spec_augment": "features",
}
_ONLY_IN_TRAINING = ("asr.dither", "asr.spec_augment")
_SCORES, _TDT_SCORES = ("logits",), ("logits", "durations", "jumps")
_ENGLISH = {"type": "characters", "alphabet": " abcdefghijklmnopqrstuvwxyz'"}
_STRANGE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Transducer:
    """The networks, loss and search of a transducer."""

    predictor: Part
    joint: Part
    loss: Part
    text: Part


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """What such a model is made of; one without a head or a transducer gives encoded frames.

    Args:
        name: what it is called.
        sample_rate: samples per second that it hears.
        encoder: takes what the front end gives.
        front_end: what audio goes through before, by name in the graph.
        tokenizer: the tokens, as a graph describes them; a model that scores any has one.
        head: scores of a CTC model.
        transducer: the networks of a transducer; a hybrid has both.
        ctc_share: how much the CTC loss of a hybrid counts, in [0, 1].
    """

    name: str
    sample_rate: int
    encoder: Part
    front_end: Mapping[str, Part] = field(default_factory=dict)
    tokenizer: Mapping[str, Any] | None = None
    head: Part | None = None
    transducer: Transducer | None = None
    ctc_share: float = 0.5


def acoustic_graph(model: AcousticModel) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Write a model as a graph: one that scores can be trained on and transcribed with.

    Returns:
        the graph as plain data, and weights by `node.parameter`.
    """
    wiring = _Wiring()
    # a data layer wants letters, also where nothing scores them
    tokenizer = dict(model.tokenizer or _ENGLISH)
    data = {"sample_rate": model.sample_rate, "tokenizer": tokenizer}
    wiring.add("data", Part("asr.manifest", data))
    source = "data.audio"
    for name, part in {**model.front_end, "encoder": model.encoder}.items():
        wiring.add(name, part, source)
        source = f"{name}.{_GIVES.get(part.module, 'encoded')}"
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
        "name": _STRANGE.sub("-", model.name).strip("-.") or "imported",
        "modules": wiring.modules,
        "views": _views(wiring.modules),
    }
    return graph, {name: tensor.contiguous() for name, tensor in wiring.weights.items()}


@dataclass(slots=True)
class _Wiring:
    """Nodes in the order of the data, and their weights."""

    modules: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)

    def add(self, name: str, part: Part, source: Any = None) -> None:
        node: dict[str, Any] = {"module": part.module}
        node |= {"from": source} if source else {}
        node |= {"with": dict(part.arguments)} if part.arguments else {}
        node |= {"only": "train"} if part.module in _ONLY_IN_TRAINING else {}
        self.modules[name] = node
        self.weights |= {f"{name}.{key}": tensor for key, tensor in part.weights.items()}


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


def _views(nodes: Mapping[str, Any]) -> dict[str, Any]:
    heard = {"feed": ["data.audio"]}
    if "text" not in nodes:
        return {"infer": {**heard, "run": ["encoder.encoded"]}}
    compared = ["text.text", "data.text"]
    views: dict[str, Any] = {
        "train": {"run": ["loss.loss"]},
        "validate": {"run": ["loss.loss"], "score": {"wer": compared, "cer": compared}},
        "infer": {**heard, "run": ["text.text", "text.hypotheses"]},
    }
    if "ctc_text" in nodes:
        views["infer_ctc"] = {**heard, "run": ["ctc_text.text", "ctc_text.hypotheses"]}
    return views
