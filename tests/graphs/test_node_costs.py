import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.cost import NodeCost
from phonograph.graphs.model import Model, sketch
from phonograph.graphs.node_costs import estimate_costs

GRAPH = """
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  conv:
    module: asr.conv_encoder
    from: mel.features
    with:
      blocks: [{filters: 24, kernel: 5, stride: 2, separable: false, residual: false}]
      activation: relu
  lstm: {module: asr.recurrent, from: conv.encoded, with: {d_model: 20, layers: 1, cell: lstm}}
  head: {module: asr.ctc_head, from: lstm.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [text.text]}
"""
FRAMES = 501  # of 10 s, every 20 ms


@pytest.fixture
def costs(tmp_path: Path) -> Callable[..., dict[str, NodeCost]]:
    def of(*overrides: str) -> dict[str, NodeCost]:
        return estimate_costs(small(tmp_path, *overrides))

    return of


def small(folder: Path, *overrides: str) -> Model:
    path = folder / "small.yaml"
    path.write_text(GRAPH, encoding="utf-8")
    return sketch(load_graph(path, overrides, default_registry()))


def test_multiply_adds_are_those_computed_by_hand(costs):
    found = costs()
    assert found["conv"].multiply_adds == FRAMES * 24 * 16 * 5 / 10
    # two directions of ten units: four gates from the frame and from the state
    assert found["lstm"].multiply_adds == FRAMES * 2 * 4 * 10 * (24 + 10) / 10
    assert found["head"].multiply_adds == FRAMES * 20 * 4 / 10


def test_weights_take_four_bytes_and_their_training_sixteen(costs):
    found = costs()
    head, lstm = found["head"], found["lstm"]
    assert head.weights == head.trained == 4 * (20 * 4 + 4)
    assert lstm.weights == 4 * 2 * (40 * 24 + 40 * 10 + 80)


def test_outputs_have_the_solved_sizes(costs):
    assert costs()["head"].outputs == 4 * FRAMES * 4


def test_frozen_weights_have_no_state_and_keep_nothing_behind_the_data(costs):
    frozen = costs("init={from: a.phono, freeze: [conv]}")
    assert (frozen["conv"].trained, frozen["conv"].kept) == (0, 0)
    assert frozen["conv"].weights == costs()["conv"].weights
    assert costs()["conv"].kept


def test_a_frozen_module_after_a_trained_one_keeps_what_gradients_need(costs):
    frozen = costs("init={from: a.phono, freeze: [lstm]}")["lstm"]
    assert frozen.trained == 0
    assert frozen.kept


def test_text_and_data_cost_nothing_that_is_known(costs):
    found = costs()
    assert found["text"].unknown == "it handles text"
    assert found["data"] == NodeCost(0)


def test_modules_are_left_as_they_were(tmp_path):
    model = small(tmp_path, "init={from: a.phono, freeze: [conv]}")
    before = [part.training for part in model.module.modules()]
    estimate_costs(model)
    assert [part.training for part in model.module.modules()] == before
    assert all(weight.requires_grad for weight in model.module.parameters())
    assert all(weight.grad is None for weight in model.module.parameters())


def test_a_module_that_looks_at_values_is_not_guessed(tmp_path, monkeypatch):
    def forward(self, encoded):
        return encoded if float(encoded.sum()) else -encoded

    model = small(tmp_path)
    monkeypatch.setattr(type(model.modules["head"]), "forward", forward)
    found = estimate_costs(model)
    assert found["head"].unknown.startswith("it does not run on shapes alone: ")
    assert found["head"].multiply_adds is None
    assert found["head"].weights > 0
    assert found["lstm"].multiply_adds


LOSS = (
    "modules.more={module: asr.ctc_loss, from: {log_probs: again.log_probs, targets: data.tokens}}"
)


def test_frozen_weights_are_not_trained_by_way_of_another_node(costs):
    second = "modules.second={use: conv, from: mel.features}"
    side = "views.side={run: [second.encoded]}"
    found = costs("init={from: a.phono, freeze: [conv]}", second, side)["second"]
    assert (found.trained, found.kept) == (0, 0)


def test_what_takes_a_list_is_run_with_one(costs):
    found = costs(
        "modules.both={module: combine.concatenate, from: [conv.encoded, lstm.encoded]}",
        "modules.head.from=both.encoded",
    )
    assert found["both"].unknown == ""
    assert found["both"].outputs == 4 * FRAMES * (24 + 20)


def test_equal_modules_are_run_once(tmp_path, monkeypatch):
    more = "modules.again={module: asr.ctc_head, from: lstm.encoded, with: {vocab: 3}}"
    model = small(tmp_path, more, "views.train.run=[loss.loss, more.loss]", LOSS)
    calls = []
    head = type(model.modules["head"])
    forward = head.forward

    def counted(self, encoded):
        calls.append(encoded.shape)
        return forward(self, encoded)

    monkeypatch.setattr(head, "forward", counted)
    costs = estimate_costs(model)
    assert costs["again"] == costs["head"]
    assert costs["again"].multiply_adds
    assert len(calls) == 2  # in evaluation and in training


def test_what_waits_for_an_answer_says_so(costs):
    found = costs("modules.data.with.tokenizer=???")
    assert found["head"].unknown == "it waits for a `???`"
    assert found["conv"].multiply_adds


def test_the_same_numbers_come_from_running_it_for_real(tmp_path):
    from torch.utils.flop_counter import FlopCounterMode

    from phonograph.graphs.model import build

    graph = small(tmp_path).graph
    model = build(graph)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        features, lengths = model.modules["mel"](torch.zeros(1, 80_000), torch.tensor([80_000]))
        model.modules["conv"].eval()(features, lengths)
    counted = estimate_costs(sketch(graph))
    expected = sum(counted[name].multiply_adds or 0 for name in ("mel", "conv"))
    assert counter.get_total_flops() / 2 / 10 == expected > 0


@pytest.mark.parametrize("recipe", ["jasper-10x5"])
def test_a_third_of_a_billion_weights_are_shown_without_their_memory(recipe):
    program = f"""
import json, resource
from phonograph.cli.graph_argument import load_argument
from phonograph.graphs.describe import describe
from phonograph.graphs.node_costs import estimate_costs
from phonograph.graphs.model import sketch
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
small = sketch(load_argument("phonograph://asr/quartznet-5x5", []))
describe(small, None, estimate_costs(small))
before = most()
model = sketch(load_argument("phonograph://asr/{recipe}", []))
shown = describe(model, None, estimate_costs(model))
print(json.dumps([shown.parameters, before, most()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    parameters, before, after = json.loads(done.stdout)
    assert parameters > 330e6
    assert after - before < 150  # MiB; the weights alone would take 1270
