"""Graphs written in Python."""

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.collections.asr.conformer import Conformer
from phonograph.collections.asr.log_mel import LogMel
from phonograph.collections.asr.manifest import Manifest
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.check import check_document
from phonograph.graphs.graph import Graph, Node, part
from phonograph.graphs.lock import to_lock
from phonograph.modules.framing import Framing

DEMO = Path(__file__).with_name("demo.yaml")


def demo():
    graph = Graph.named("demo")
    tokenizer = {"type": "characters", "alphabet": "abc '"}
    data = graph.add("data", Manifest, sample_rate=16000, tokenizer=tokenizer)
    mel = graph.add("mel", LogMel, data.audio, n_mels=64)
    augment = graph.add("augment", "asr.spec_augment", mel.features, only="train")
    encoder = graph.add("encoder", Conformer, augment.features, d_model=16, layers=1)
    head = graph.add("head", "asr.ctc_head", encoder.encoded)
    loss = graph.add("loss", "asr.ctc_loss", log_probs=head.log_probs, targets=data.tokens)
    text = graph.add("text", "asr.ctc_greedy", head.log_probs)
    graph.view("train", run=[loss.loss])
    graph.view("validate", run=[loss.loss], score={"wer": (text.text, data.text)})
    graph.view("infer", feed=[data.audio], run=[text.text])
    return graph


def test_the_same_graph_in_python_and_in_yaml_is_equal():
    assert demo() == Graph.load(DEMO)


def test_a_saved_graph_loads_back_equal(tmp_path):
    demo().save(tmp_path / "demo.yaml")
    assert Graph.load(tmp_path / "demo.yaml") == demo()
    assert list(tmp_path.iterdir()) == [tmp_path / "demo.yaml"]


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_written_anew_reads_back_equal(name):
    graph = Graph.load(locate(f"phonograph://{name}")[0])
    assert Graph.from_yaml(graph.to_yaml()) == graph


def test_a_graph_in_python_holds_as_its_yaml_does():
    registry = default_registry()
    ours = check_document(demo().document(), registry).graph
    theirs = check_document(Graph.load(DEMO).document(), registry).graph
    assert ours is not None
    assert theirs is not None
    assert to_lock(ours) == to_lock(theirs)


def test_a_fault_names_the_line_of_the_yaml_that_would_be_saved():
    graph = demo()
    graph.data["modules"]["mel"]["with"]["n_mel"] = 3
    (fault,) = check_document(graph.document(), default_registry()).faults
    assert str(fault) == (
        "error[PG011]: `asr.log_mel` has no parameter `n_mel`\n"
        "   --> demo.yaml:12:24\n"
        "    |\n"
        " 12 |     with: {n_mels: 64, n_mel: 3}\n"
        "    |                        ^^^^^\n"
        "    = help: did you mean `n_mels`?"
    )


def test_an_output_that_a_class_does_not_have_is_no_attribute():
    graph = Graph.named("x")
    data = graph.add("data", Manifest, sample_rate=16000)
    with pytest.raises(AttributeError, match="`data` has no output `sound`"):
        _ = data.sound


def test_lists_of_outputs_are_wires_and_parts_are_settings():
    graph = Graph.named("x")
    data = graph.add("data", "asr.manifest", sample_rate=16000)
    graph.add("mix", "combine.sum", [data.a, data.b])
    graph.add("more", "combine.sum", inputs=[data.a], block=part("asr.row_conv", ahead=1))
    assert graph.data["modules"]["mix"] == {"module": "combine.sum", "from": ["data.a", "data.b"]}
    assert graph.data["modules"]["more"] == {
        "module": "combine.sum",
        "from": {"inputs": ["data.a"]},
        "with": {"block": {"module": "asr.row_conv", "with": {"ahead": 1}}},
    }


def test_shared_weights_are_written_as_use():
    graph = demo()
    encoder = graph.share(
        "second", graph_node(graph, "encoder"), features=graph_node(graph, "mel").x
    )
    assert graph.data["modules"]["second"] == {"use": "encoder", "from": {"features": "mel.x"}}
    assert str(encoder.encoded) == "second.encoded"


def graph_node(graph, name):
    assert name in graph.data["modules"]
    return Node(name)


def test_a_name_is_given_once_and_several_inputs_have_names():
    graph = demo()
    with pytest.raises(ValueError, match="there is a node `mel` already"):
        graph.add("mel", LogMel)
    a = graph_node(graph, "mel").features
    with pytest.raises(ValueError, match="name the inputs"):
        graph.add("other", LogMel, a, a)


def test_a_view_may_name_its_split():
    graph = demo()
    graph.view("check", run=[graph_node(graph, "loss").loss], split="test")
    assert graph.data["views"]["check"] == {"run": ["loss.loss"], "split": "test"}


def test_settings_that_are_data_classes_are_written_as_mappings():
    graph = Graph.named("x")
    graph.add("mel", LogMel, framing=Framing(periodic=False))
    written = graph.data["modules"]["mel"]["with"]["framing"]
    assert written == {**asdict(Framing()), "periodic": False}
    assert Graph.from_yaml(graph.to_yaml()) == graph


def test_a_node_can_be_copied():
    node = Node("mel")
    assert deepcopy(node) == node


def test_a_graph_that_cannot_be_written_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "demo.yaml"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        demo().save(path)
    assert [one.read_text(encoding="utf-8") for one in tmp_path.iterdir()] == ["old"]


def broken(*_):
    raise OSError("disk full")
