from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.errors import GraphError
from phonograph.graphs.check import load_graph
from phonograph.graphs.describe import describe, shorten
from phonograph.graphs.description import Description
from phonograph.graphs.left_open import all_left_open, left_open, left_open_faults
from phonograph.graphs.model import Model, build
from phonograph.graphs.node_costs import estimate_costs
from phonograph.graphs.spec import PortName

GRAPH = """
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  augment: {module: asr.spec_augment, from: mel.features, only: train}
  encoder: {module: asr.conformer, from: augment.features, with: {d_model: 8, layers: 1, stride: 2}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
  infer: {feed: [data.audio], run: [text.text]}
"""


@pytest.fixture
def make(tmp_path: Path):
    def build_graph(*overrides: str) -> Model:
        path = tmp_path / "small.yaml"
        path.write_text(GRAPH, encoding="utf-8")
        return build(load_graph(path, overrides, default_registry()), device="meta")

    return build_graph


def shapes(description: Description) -> dict[str, str]:
    return {
        f"{n.name}.{p.name}": p.shape for n in description.nodes for p in n.outputs if not p.counts
    }


def test_shapes_are_solved_and_equal_lengths_have_one_letter(make):
    assert shapes(describe(make())) == {
        "data.audio": "B x S",
        "data.tokens": "B x L",
        "data.text": "B",
        "data.id": "B",
        "mel.features": "B x 16 x T",
        "augment.features": "B x 16 x T",
        "encoder.encoded": "B x 8 x T2",
        "head.log_probs": "B x T2 x 4",
        "loss.loss": "",
        "loss.rejected": "B",
        "text.text": "B",
        "text.hypotheses": "B",
    }


def test_letters_are_explained_in_seconds(make):
    assert [f"{axis.letter}: {axis.explained}" for axis in describe(make()).axes] == [
        "S: length of data's recordings in samples, 8000 a second",
        "L: length of data's transcripts in tokens",
        "T: floor(S/80)+1 frames, one every 10 ms",
        "T2: ceil((floor(S/80)+1)/2) frames, one every 20 ms",
    ]


def test_the_total_is_the_sum_over_modules_built_for_real(make):
    model = make()
    real = build(model.graph)
    assert describe(model).parameters == sum(p.numel() for p in real.module.parameters())


def test_every_node_says_what_is_special_about_it(make):
    remarks = {node.name: node.remarks for node in describe(make()).nodes if node.remarks}
    assert remarks == {"mel": ("cached",), "augment": ("train only",)}


def test_a_frozen_encoder_joins_the_prefix_where_nothing_random_comes_before(make):
    model = make("modules.encoder.from=mel.features", "init={from: x.phono, freeze: [encoder]}")
    description = describe(model)
    assert description.prefix == ("mel", "encoder")
    assert {n.name: n.remarks for n in description.nodes}["encoder"] == ("frozen", "cached")


def test_without_the_cache_nothing_is_marked_as_cached(make):
    assert describe(make("train.cache=false")).prefix == ()


def test_a_view_shows_only_its_nodes_and_what_feeds_them(make):
    description = describe(make(), "infer")
    assert [node.name for node in description.nodes] == ["data", "mel", "encoder", "head", "text"]
    assert [port.name for port in description.nodes[0].outputs] == ["audio", "audio_lengths"]
    wires = {(w.source, w.target) for w in description.wires}
    assert (PortName("mel", "features"), PortName("encoder", "features")) in wires


def test_an_unknown_view_is_refused_with_the_views_there_are(make):
    with pytest.raises(GraphError) as caught:
        describe(make(), "serve")
    assert caught.value.diagnostics[0].message == "the graph has no view `serve`"


def test_everything_left_open_is_named_as_an_override_spells_it(make):
    graph = make("modules.data.with.train=???", "init.from=???", "init.freeze=[head]").graph
    assert list(left_open(graph)) == ["modules.data.with.train", "init.from"]


def test_what_refers_to_something_left_open_is_given_with_it(make):
    whole = "modules.data.with.validation=${vars.data}"
    given = ("vars={data: '???'}", whole, "modules.data.with.train=${vars.data}/train.jsonl")
    graph = make(*given).graph
    assert list(left_open(graph)) == ["vars.data"]
    assert set(all_left_open(graph)) == {
        "vars.data",
        "modules.data.with.train",
        "modules.data.with.validation",
    }
    assert [fault.message for fault in left_open_faults(graph)] == ["`vars.data` is left open"]
    assert list(all_left_open(make(*given, "vars.data=a.jsonl").graph)) == []


def test_json_has_the_total_and_the_rates(make):
    data = describe(make()).to_json()
    nodes = {node["name"]: node for node in data["nodes"]}
    assert data["parameters"] == sum(node["parameters"] for node in data["nodes"]) > 0
    assert nodes["data"]["outputs"][0]["sample_rate"] == 8000
    assert nodes["encoder"]["with"]["feat_in"] == 16
    encoded, lengths = nodes["encoder"]["outputs"]
    (origin,) = encoded.pop("origins")
    assert origin.startswith("8 is encoder.d_model (")
    assert [encoded, lengths] == [
        {
            "name": "encoded",
            "kind": "Encoded",
            "sizes": ["B", 8, "T2"],
            "frame_period_ms": 20.0,
            "look_ahead_ms": "all",
        },
        {"name": "lengths", "kind": "Lengths", "sizes": ["B"], "counts": "T2"},
    ]
    assert data["axes"]["T2"]["period_ms"] == 20.0
    assert data["views"]["infer"]["tail"] == ["text"]
    assert data["prefix"] == ["mel"]


def test_json_says_what_nodes_and_views_cost(make):
    model = make()
    data = describe(model, None, estimate_costs(model)).to_json()
    nodes = {node["name"]: node for node in data["nodes"]}
    assert nodes["head"]["cost"]["weight_bytes"] == 4 * nodes["head"]["parameters"]
    assert nodes["text"]["cost"] == {"weight_bytes": 0, "unknown": "it handles text"}
    assert data["costs"]["seconds"] == 10
    assert list(data["costs"]["views"]) == ["train", "validate", "infer"]
    infer = data["costs"]["views"]["infer"]
    parts = [nodes[name]["cost"]["multiply_adds_per_second"] for name in ("mel", "encoder", "head")]
    assert infer["multiply_adds_per_second"] == sum(parts) > 0
    assert infer["inference_bytes"] > infer["weight_bytes"] > 0


def test_without_an_estimate_nothing_is_said_about_costs(make):
    data = describe(make()).to_json()
    assert data["costs"]["views"] == {}
    assert {node["cost"] for node in data["nodes"]} == {None}


def test_every_node_has_a_role(make):
    roles = {node.name: node.role for node in describe(make()).nodes}
    assert {name: role for name, role in roles.items() if role != "module"} == {
        "data": "data",
        "loss": "loss",
        "text": "host",
    }


def test_solved_arguments_name_what_decided_them(make):
    nodes = {node.name: node for node in describe(make()).nodes}
    assert set(nodes["encoder"].origins) == {"feat_in"}
    assert nodes["encoder"].origins["feat_in"].startswith("mel.n_mels (")


def test_a_view_uses_the_letters_of_the_whole(make):
    model = make()
    whole = shapes(describe(model))
    infer = shapes(describe(model, "infer"))
    assert infer.items() <= whole.items()
    assert [axis.letter for axis in describe(model, "infer").axes] == ["S", "T", "T2"]


def test_long_texts_are_shortened_to_their_beginning():
    assert shorten("x" * 100) == "x" * 36 + "… 100 in all"


def test_short_values_stay_as_they_are():
    assert shorten({"a": [1, {"b": "text"}], "c": None}) == {"a": [1, {"b": "text"}], "c": None}
