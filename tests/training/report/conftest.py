"""Small graphs with each kind of decoder, untrained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import Model, build
from phonograph.training.split import PortBatch, PortCollate

ENDS = {
    "ctc": "",
    "attention": """
  speller:
    module: asr.attention_decoder
    from: {encoded: encoder.encoded, targets: data.tokens}
    with: {d_model: 8, layers: 1, attention: {width: 8}}
  loss: {module: asr.attention_loss, from: {logits: speller.logits, targets: data.tokens}}
  text:
    module: asr.attention_greedy
    from: {encoded: encoder.encoded, decoder: speller.network}
""",
    "transducer": """
  predictor: {module: asr.predictor, from: data.tokens, with: {d_model: 8}}
  joint:
    module: asr.joint
    from: {encoded: encoder.encoded, predicted: predictor.predicted}
    with: {d_model: 8}
  loss: {module: asr.transducer_loss, from: {logits: joint.logits, targets: data.tokens}}
  text:
    module: asr.transducer_greedy
    from: {encoded: encoder.encoded, predictor: predictor.network, joint: joint.network}
""",
    "tdt": """
  predictor: {module: asr.predictor, from: data.tokens, with: {d_model: 8}}
  joint:
    module: asr.tdt_joint
    from: {encoded: encoder.encoded, predicted: predictor.predicted}
    with: {d_model: 8, durations: [0, 1, 2]}
  loss:
    module: asr.tdt_loss
    from: {logits: joint.logits, durations: joint.durations, jumps: joint.jumps,
           targets: data.tokens}
  text:
    module: asr.tdt_greedy
    from: {encoded: encoder.encoded, predictor: predictor.network, joint: joint.network}
""",
}

Untrained = Callable[..., Model]


@pytest.fixture
def untrained(folder: Path) -> Untrained:
    """Build the graph with a kind of decoder, its weights drawn from a seed."""

    def built(kind: str, seed: int = 0) -> Model:
        graph = folder / "graph.yaml"
        text = graph.read_text(encoding="utf-8")
        if ENDS[kind]:
            start, end = text.index("  head:"), text.index("views:")
            (folder / f"{kind}.yaml").write_text(
                text[:start] + ENDS[kind].lstrip("\n") + text[end:], encoding="utf-8"
            )
            graph = folder / f"{kind}.yaml"
        torch.manual_seed(seed)
        model = build(load_graph(graph, [], default_registry()))
        model.module.eval()
        return model

    return built


@pytest.fixture
def utterance() -> Callable[[Model], tuple[PortBatch, Any]]:
    """Give a batch of the first utterance of the validation data, and the utterance itself."""

    def first(model: Model) -> tuple[PortBatch, Any]:
        data = model.modules["data"]
        item = data.dataset("validation")[0]
        return PortCollate("data", data.collate)([item]), item

    return first
