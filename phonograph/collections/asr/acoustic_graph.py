"""The graph of an acoustic model that was read from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from phonograph.collections import default_registry
from phonograph.collections.asr.foreign_part import Part
from phonograph.errors import BundleError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build

_GIVES = {"asr.waveform_norm": "normed", "asr.log_mel": "features"}
_ENGLISH = {"type": "characters", "alphabet": " abcdefghijklmnopqrstuvwxyz'"}
_STRANGE = re.compile(r"[^\w.-]+")
_COMPARED = ["text.text", "data.text"]
_VIEWS = {
    "train": {"run": ["loss.loss"]},
    "validate": {"run": ["loss.loss"], "score": {"wer": _COMPARED, "cer": _COMPARED}},
    "infer": {"feed": ["data.audio"], "run": ["text.text", "text.hypotheses"]},
}


@dataclass(frozen=True, slots=True)
class CtcHead:
    """The last layer of a CTC model, and what its rows stand for.

    Args:
        tokenizer: the tokens, as a graph describes them.
        weight: [vocab+1, width], the blank's row last.
        bias: [vocab+1].
    """

    tokenizer: Mapping[str, Any]
    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class AcousticModel:
    """What such a model is made of.

    Args:
        name: what it is called.
        sample_rate: samples per second that it hears.
        encoder: takes what the front end gives.
        front_end: what audio goes through before, by name in the graph.
        head: the scores of tokens; a model without gives encoded frames.
    """

    name: str
    sample_rate: int
    encoder: Part
    front_end: Mapping[str, Part] = field(default_factory=dict)
    head: CtcHead | None = None


def acoustic_graph(model: AcousticModel) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Write a model as a graph: one with a head can be trained on, scored and transcribed with.

    Returns:
        the graph as plain data, and weights by `node.parameter`.
    """
    # a data layer wants letters, also where no head scores them
    tokenizer = dict(model.head.tokenizer if model.head else _ENGLISH)
    data = {"sample_rate": model.sample_rate, "tokenizer": tokenizer}
    modules: dict[str, Any] = {"data": {"module": "asr.manifest", "with": data}}
    weights: dict[str, Tensor] = {}
    source = "data.audio"
    for name, part in {**model.front_end, "encoder": model.encoder}.items():
        modules[name] = {"module": part.module, "from": source, "with": dict(part.arguments)}
        weights |= {f"{name}.{weight}": tensor for weight, tensor in part.weights.items()}
        source = f"{name}.{_GIVES.get(part.module, 'encoded')}"
    views: dict[str, Any] = {"infer": {"feed": ["data.audio"], "run": [source]}}
    if model.head:
        weights |= {"head.linear.weight": model.head.weight, "head.linear.bias": model.head.bias}
        modules |= _scoring(source)
        views = _VIEWS
    graph = {
        "phonograph": 1,
        "name": _STRANGE.sub("-", model.name).strip("-.") or "imported",
        "modules": modules,
        "views": views,
    }
    return graph, {name: tensor.contiguous() for name, tensor in weights.items()}


def misfits(graph: Mapping[str, Any], weights: Mapping[str, Tensor]) -> list[str]:
    """Say which weights are not those of a graph, without taking memory for it.

    Raises:
        BundleError: the graph itself does not hold.
    """
    checked = check_document(read_lock(dict(graph), str(graph["name"])), default_registry())
    if checked.graph is None:
        raise BundleError(checked.faults)
    wanted = build(checked.graph, device="meta").module.state_dict()
    told = []
    for name in sorted(wanted.keys() | weights.keys()):
        ours, theirs = (list(of[name].shape) if name in of else None for of in (wanted, weights))
        if ours != theirs:
            told.append(f"`{name}` is {theirs or 'missing'}, not {ours or 'wanted'}")
    return told


def _scoring(source: str) -> dict[str, Any]:
    scores = {"log_probs": "head.log_probs", "targets": "data.tokens"}
    return {
        "head": {"module": "asr.ctc_head", "from": source},
        "loss": {"module": "asr.ctc_loss", "from": scores},
        "text": {"module": "asr.ctc_greedy", "from": "head.log_probs"},
    }
