"""Two graphs that mean the same are the same, however they are written."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.bundle import read_bundle, save_bundle
from phonograph.graphs.changes import ABSENT, changes
from phonograph.graphs.check import check_document, load_graph
from phonograph.graphs.difference import difference
from phonograph.graphs.document import parse_document
from phonograph.graphs.lock import read_lock, to_lock
from phonograph.graphs.model import build
from phonograph.graphs.node_difference import Side, node_difference
from phonograph.graphs.overrides import resolve
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.weight_difference import weight_difference
from phonograph.graphs.written_at import origin_of
from phonograph.training.settings_difference import settings_changes

REGISTRY = default_registry()

GRAPH = """\
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:     {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  augment: {module: asr.spec_augment, from: mel.features, only: train}
  encoder:
    module: asr.conformer
    from: augment.features
    with: {d_model: 8, layers: 1, stride: 2, block: {heads: 2, kernel: 3}}
  head:    {module: asr.ctc_head, from: encoder.encoded}
  loss:    {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text:    {module: asr.ctc_greedy, from: head.log_probs}
views:
  train:    {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
  infer:    {feed: [data.audio], run: [text.text, text.hypotheses]}
init: {from: a.phono, exclude: [head], freeze: [encoder.layers, encoder.subsampling]}
train:
  optimizer: {name: adamw, lr: 1e-3, betas: [0.9, 0.98]}
  schedule: {name: cosine, warmup_steps: 10}
  trainer: {max_steps: 20}
"""


def solved(text, folder, *overrides):
    checked = check_document(resolve(parse_document(text, "g.yaml", folder), overrides), REGISTRY)
    assert checked.faults == ()
    return checked.graph


@pytest.fixture
def graph(tmp_path):
    return lambda *overrides: solved(GRAPH, tmp_path, *overrides)


def only_node(found):
    assert len(found.nodes) == 1
    return found.nodes[0]


def facts(changes):
    return [(change.what, change.before, change.after) for change in changes]


class Respeller:
    """Writes a graph otherwise without changing what it says."""

    def __init__(self, seed, graph):
        self.random = random.Random(seed)
        self.graph = graph

    def write(self):
        data = yaml.safe_load(GRAPH.replace("1e-3", "0.001"))
        for name, node in data["modules"].items():
            self.spell_out(name, node)
        data["modules"] = self.shuffled(data["modules"])
        data["views"] = self.shuffled(data["views"])
        self.spell_out_training(data)
        if self.coin():
            data["vars"] = {"rate": 8000}
            data["modules"]["data"]["with"]["sample_rate"] = "${vars.rate}"
        text = yaml.safe_dump(
            self.shuffled(data),
            sort_keys=False,
            default_flow_style=self.random.choice([True, False, None]),
            width=self.random.choice([20, 80, 10**6]),
            indent=self.random.choice([2, 4]),
        )
        lines = text.replace(" 0.001", self.random.choice([" 1e-3", " 0.001", " 1.0E-3"]))
        return "# anything\n" * self.random.randrange(3) + lines

    def coin(self):
        return self.random.random() < 0.5

    def shuffled(self, mapping):
        return dict(self.random.sample(list(mapping.items()), len(mapping)))

    def spell_out(self, name, node):
        """Write defaults, solved values and automatic lengths that were left out."""
        solved = self.graph.nodes[name]
        written = node.setdefault("with", {})
        for key, parameter in solved.declaration.parameters.items():
            plain = to_plain(solved.parameters[key])
            whole = isinstance(plain, int | float | str | list)
            if key not in written and whole and parameter.annotation is not bytes and self.coin():
                written[key] = plain
        node["with"] = self.shuffled(written)
        wires = [w for w in self.graph.wiring.wires if w.target.node == name]
        if wires and self.coin():
            sources = {wire.target.port: str(wire.source) for wire in wires}
            node["from"] = self.shuffled(sources)

    def spell_out_training(self, data):
        if self.coin():
            data["views"]["train"]["split"] = "train"
            data["views"]["infer"]["feed"] = ["data.audio_lengths", "data.audio"]
        self.random.shuffle(data["views"]["infer"]["run"])
        self.random.shuffle(data["init"]["freeze"])
        if self.coin():
            data["init"]["include"] = ["*"]
        train = data["train"]
        defaults = {"seed": 0, "cache": True, "monitor": "wer"}
        train |= {key: value for key, value in defaults.items() if self.coin()}
        if self.coin():
            train["optimizer"] |= {"weight_decay": 1e-2, "amsgrad": False}
            train["schedule"]["final"] = 0
            train["trainer"]["max_epochs"] = -1


@given(seed=st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_any_spelling_of_a_graph_is_the_same_graph(tmp_path_factory, seed):
    folder = tmp_path_factory.getbasetemp()
    first = solved(GRAPH, folder)
    text = Respeller(seed, first).write()
    second = solved(text, folder)
    for before, after in ((first, second), (second, first)):
        found = difference(before, after)
        assert (found.is_same, settings_changes(before, after)) == (True, ()), text


@pytest.mark.parametrize("recipe", ["prompts", "quartznet-5x5", "deep-speech-2"])
def test_a_graph_is_the_same_as_its_lock(recipe):
    path, name = locate(f"phonograph://asr/{recipe}")
    graph = load_graph(path, [], REGISTRY, name=name)
    lock = check_document(read_lock(to_lock(graph), "lock"), REGISTRY).graph
    assert lock is not None
    weights = build(graph, device="meta").module.state_dict()
    assert difference(graph, lock, None, weights).is_same
    assert difference(lock, graph, weights, None).is_same


def test_a_graph_is_the_same_as_its_bundle_and_values_are_compared_bit_for_bit(graph, tmp_path):
    weights = build(graph()).module.state_dict()
    save_bundle(tmp_path / "a.phono", graph(), weights, {})
    changed = dict(weights, **{"head.linear.bias": weights["head.linear.bias"] + 1})
    save_bundle(tmp_path / "b.phono", graph(), changed, {})
    one, two = (read_bundle(tmp_path / name, REGISTRY) for name in ("a.phono", "b.phono"))
    assert difference(graph(), one.graph, None, one.weights).is_same
    assert difference(one.graph, one.graph, one.weights, one.weights).weights.unequal == {}
    found = difference(one.graph, two.graph, one.weights, two.weights)
    assert not found.is_same
    assert found.nodes == ()
    assert found.weights.unequal == {"head.linear.bias": 4}


def test_a_changed_parameter_comes_with_its_line_and_what_follows_from_it(graph):
    found = difference(graph(), graph("modules.mel.with.n_mels=24"))
    mel, augment, encoder = found.nodes
    assert facts(mel.settings) == [("n_mels", 16, 24)]
    assert mel.settings[0].origin == "command line"
    assert facts(mel.outputs) == [("features.shape", "B x 16 x T", "B x 24 x T")]
    assert [node.status for node in found.nodes] == ["changed", "follows", "follows"]
    assert facts(augment.outputs) == [("features.shape", "B x 16 x T", "B x 24 x T")]
    assert facts(encoder.solved) == [("feat_in", 16, 24)]
    back = difference(graph("modules.mel.with.n_mels=24"), graph())
    assert back.nodes[0].settings[0].origin == "line 7"


def test_a_default_taken_instead_of_a_value_is_told_as_such(graph):
    node = difference(graph("modules.text.with.frame_period=0.5"), graph()).nodes[0]
    assert facts(node.settings) == [("frame_period", 0.5, 0.02)]
    assert node.settings[0].origin == "solved"


def test_settings_inside_a_parameter_are_compared_one_by_one(graph):
    found = difference(graph(), graph("modules.encoder.with.block.kernel=5"))
    assert facts(only_node(found).settings) == [("block.kernel", 3, 5)]
    reshaped = [(weight.name, weight.before, weight.after) for weight in found.weights.reshaped]
    assert reshaped == [("encoder.layers.0.conv.depthwise.weight", (8, 1, 3), (8, 1, 5))]


def test_another_sample_rate_changes_rate_or_frame_period_of_all_that_follows(graph):
    other = "modules.data.with.sample_rate=16000"
    found = difference(graph(), graph(other, "modules.mel.with.hop=0.02"))
    data, mel, augment, *_ = found.nodes
    assert facts(data.outputs) == [("audio.rate", "8000 Hz", "16000 Hz")]
    assert ("features.every", "every 10 ms", "every 20 ms") in facts(mel.outputs)
    assert facts(augment.outputs) == [("features.every", "every 10 ms", "every 20 ms")]


def test_an_alphabet_of_the_same_size_is_another_vocabulary(graph):
    found = difference(graph(), graph("modules.data.with.tokenizer.alphabet=xy'"))
    data, head, *_ = found.nodes
    assert facts(data.settings) == [("tokenizer.alphabet", "ab ", "xy'")]
    assert [change.what for change in head.outputs] == ["log_probs.vocabulary"]
    assert found.weights.differs is False


def test_a_node_between_two_others_is_added_and_a_wire_is_moved(graph):
    node = "modules.dither={module: asr.dither, from: data.audio}"
    found = difference(graph(), graph(node, "modules.mel.from=dither.audio"))
    added, mel = found.nodes
    assert (added.status, added.module) == ("added", "asr.dither")
    assert facts(mel.wires) == [("audio", "data.audio", "dither.audio")]
    removed = difference(graph(node, "modules.mel.from=dither.audio"), graph()).nodes[-1]
    assert (removed.name, removed.status, removed.new_name) == ("dither", "removed", None)


def test_a_node_by_another_name_is_recognised_with_all_that_hangs_on_it(graph, tmp_path):
    text = re.sub(r"\bmel\b", "front", GRAPH).replace("encoder", "body")
    found = difference(graph(), solved(text, tmp_path))
    pairs = [(node.old_name, node.new_name) for node in found.nodes]
    assert pairs == [("mel", "front"), ("encoder", "body")]
    assert {node.status for node in found.nodes} == {"renamed"}
    assert found.parameters["body"][0] == found.parameters["body"][1] > 0
    # a checkpoint goes by names
    assert {name.partition(".")[0] for name in found.weights.left} == {"encoder"}
    assert found.views == ()


def test_another_module_shows_what_is_set_not_what_is_default(graph):
    changed = "modules.encoder={module: asr.quartznet, from: augment.features, with: {blocks: 5}}"
    encoder = difference(graph("init=null"), graph("init=null", changed)).nodes[0]
    assert facts(encoder.settings)[0] == ("module", "asr.conformer", "asr.quartznet")
    assert {change.what for change in encoder.settings[1:]} <= {
        "d_model", "layers", "stride", "block", "blocks", "repeat",
    }  # fmt: skip


def test_nodes_that_use_the_weights_of_another_are_known_by_them(graph):
    second = "modules.second={use: encoder, from: augment.features}"
    found = difference(graph(), graph(second))
    added = only_node(found)
    assert facts(added.settings) == [("use", ABSENT, "encoder")]
    assert "second" not in found.parameters
    assert found.totals[0] == found.totals[1]


def test_sharing_weights_or_not_is_a_setting(graph):
    one, two = Side(graph(), owners={"head": "other"}), Side(graph())
    found = node_difference(one, two, "head", "head", {})
    assert found is not None
    assert facts(found.settings) == [("use", "other", ABSENT)]


def test_a_node_for_one_view_only_is_told(graph):
    found = difference(graph(), graph("modules.augment.only=null"))
    assert facts(only_node(found).settings) == [("only", "train", ABSENT)]


def test_outputs_that_only_one_module_has_are_told(graph):
    views = "views={train: {run: [head.encoded]}}"
    without = (views, "modules.text=null", "modules.loss=null", "init=null", "train={}")
    other = "modules.head={module: asr.recurrent, from: encoder.encoded, with: {d_model: 4}}"
    head = difference(graph("init=null"), graph(*without, other)).nodes[0]
    assert facts(head.settings)[0] == ("module", "asr.ctc_head", "asr.recurrent")
    scores, encoded = facts(head.outputs)
    assert scores[0] == "log_probs"
    assert scores[1].startswith("LogProbs(blank last), B x T x 4, every 20 ms, 3 tokens")
    assert encoded == ("encoded", ABSENT, "Encoded, B x 4 x T, every 20 ms")


def test_where_a_value_comes_from():
    document = parse_document("{a: {b: 1}}", "x.yaml", Path())
    assert origin_of(document, "a", "b") == "line 1"
    assert origin_of(document, "a", "c") == "default"
    assert origin_of(resolve(document, ["a.c=2"]), "a", "c") == "command line"
    assert origin_of(read_lock({"a": 1}, "lock"), "a") == ""
    elsewhere = replace(document, name="y.yaml")
    assert origin_of(elsewhere, "a", "b") == "x.yaml:1"


def test_not_a_number_is_itself_and_true_is_not_one():
    nan = float("nan")
    assert list(changes({"a": nan}, {"a": float("nan")})) == []
    assert facts(changes({"a": nan}, {"a": 1.0}))[0][2] == 1.0
    assert facts(changes({"a": True}, {"a": 1})) == [("a", True, 1)]


def test_views_are_compared_by_what_they_compute(graph):
    found = difference(graph(), graph("views.infer.run=[text.text]", "views.validate.split=test"))
    assert found.nodes == ()
    assert facts(found.views) == [
        ("validate.split", "validation", "test"),
        ("infer.run", ["text.hypotheses", "text.text"], ["text.text"]),
    ]


def test_another_name_is_a_difference(graph):
    assert difference(graph(), graph("name=other")).names == ("small", "other")
    assert not difference(graph(), graph("name=other")).is_same


def test_weights_are_compared_in_every_bit():
    nan, zero = torch.tensor([float("nan"), 0.0]), torch.tensor([float("nan"), -0.0])
    assert weight_difference({"a.w": nan}, {"a.w": nan.clone()}).unequal == {}
    assert weight_difference({"a.w": nan}, {"a.w": zero}).unequal == {"a.w": 1}
    half = {"a.w": nan.to(torch.bfloat16)}
    assert weight_difference({"a.w": nan}, half).unequal == {"a.w": 2}
    number = {"a.n": torch.tensor(3)}
    assert weight_difference(number, {"a.n": torch.tensor(4)}).unequal == {"a.n": 1}
    assert weight_difference(number, {"a.n": torch.tensor(4, device="meta")}).unequal is None
