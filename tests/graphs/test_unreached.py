"""Weights that training cannot change."""

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.check import check_document, check_graph
from phonograph.graphs.document import parse_document
from phonograph.graphs.lock import read_lock, to_lock
from phonograph.graphs.overrides import resolve

GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder: {module: asr.recurrent, from: mel.features, with: {d_model: 4}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [head.log_probs]}
"""
SECOND = "  second: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 6}}\n"
COUNTING = """\
  second:
    module: asr.conformer
    from: mel.features
    with: {d_model: 4, layers: 1, stride: 1, block: {heads: 2, kernel: 3}}
"""
THIRD = "  third: {module: asr.ctc_head, from: second.encoded, with: {vocab: 3}}\n"
TRANSDUCER = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder: {module: asr.recurrent, from: mel.features, with: {d_model: 4}}
  predictor: {module: asr.predictor, from: data.tokens, with: {d_model: 4}}
  joint:
    module: asr.joint
    from: {encoded: encoder.encoded, predicted: predictor.predicted}
    with: {d_model: 4}
  loss: {module: asr.transducer_loss, from: {logits: joint.logits, targets: data.tokens}}
  other: {module: asr.predictor, from: data.tokens, with: {d_model: 4}}
  text:
    module: asr.transducer_greedy
    from: {encoded: encoder.encoded, predictor: predictor.network, joint: joint.network}
views:
  train: {run: [loss.loss, text.text]}
"""


def faults_of(text, *overrides):
    document = resolve(parse_document(text, "x.yaml", Path()), overrides)
    return check_document(document, default_registry()).faults


def with_nodes(*nodes):
    return GRAPH.replace("views:", "".join(nodes) + "views:")


def test_every_weight_of_the_graph_is_reached():
    assert faults_of(GRAPH) == ()


def test_a_node_beside_the_loss_is_told_with_its_weights():
    (fault,) = faults_of(with_nodes(SECOND))
    assert fault.code == "PG044"
    assert "its 162 weights" in fault.message
    assert str(fault.place) == "x.yaml:10:3"


def test_of_a_chain_the_last_is_told_and_the_others_named():
    (fault,) = faults_of(with_nodes(SECOND, THIRD))
    assert "`third`" in fault.message
    assert fault.causes == (
        "it feeds no node",
        "the same holds for `second`, which leads only there",
    )
    assert fault.help.endswith("init: {from: …, freeze: [second, third]}")


def test_what_init_freezes_may_stay():
    frozen = "init: {from: x.phono, freeze: [second]}\n"
    assert faults_of(with_nodes(SECOND).replace("views:", frozen + "views:")) == ()
    half = frozen.replace("[second]", '["second.*weight*"]')
    (fault,) = faults_of(with_nodes(SECOND).replace("views:", half + "views:"))
    assert "its 36 weights" in fault.message


def test_lengths_bring_no_gradient():
    text = with_nodes(COUNTING).replace(
        "targets: data.tokens", "targets: data.tokens, lengths: second.lengths"
    )
    (fault,) = faults_of(text)
    assert fault.causes == ("it feeds `loss`, from where no gradient comes back",)


def test_a_view_on_training_data_with_another_name_counts():
    loss = (
        "  more: {module: asr.ctc_loss, from: {log_probs: third.log_probs, targets: data.tokens}}\n"
    )
    text = with_nodes(SECOND, THIRD, loss)
    assert [fault.code for fault in faults_of(text)] == ["PG044"]
    view = "  other: {run: [more.loss], split: train}\n"
    assert faults_of(text.replace("  infer", view + "  infer")) == ()


def test_without_a_training_view_or_its_loss_nothing_is_asked():
    text = with_nodes(SECOND)
    assert faults_of(text.replace("  train: {run: [loss.loss]}\n", "")) == ()
    assert (
        faults_of(text.replace("train: {run: [loss.loss]}", "train: {run: [head.log_probs]}")) == ()
    )


def test_a_network_that_only_a_decoder_calls_is_not_reached():
    (fault,) = faults_of(TRANSDUCER)
    assert "`other`" in fault.message
    swapped = TRANSDUCER.replace("predictor: predictor.network", "predictor: other.network")
    (fault,) = faults_of(swapped)
    assert fault.causes == ("it feeds `text`, from where no gradient comes back",)


def test_nodes_that_wait_for_a_value_are_not_asked():
    assert faults_of(with_nodes(SECOND), "modules.second.with.d_model=???") == ()


def test_a_lock_which_has_no_init_is_not_asked():
    text = with_nodes(SECOND)
    frozen = "init: {from: x.phono, freeze: [second]}\nviews:"
    document = parse_document(text.replace("views:", frozen), "x.yaml", Path())
    graph = check_document(document, default_registry()).graph
    assert graph is not None
    lock = read_lock(to_lock(graph), "lock")
    assert check_document(lock, default_registry(), to_train=False).faults == ()


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_trains_all_it_has(name):
    path, shown = locate(f"phonograph://{name}")
    checked = check_graph(path, [], default_registry(), name=shown, locate=locate)
    assert checked.faults == ()


def test_a_loss_that_no_view_runs_is_named():
    loss = (
        "  more: {module: asr.ctc_loss, from: {log_probs: third.log_probs, targets: data.tokens}}\n"
    )
    (fault,) = faults_of(with_nodes(SECOND, THIRD, loss))
    assert fault.causes == (
        "`more.loss` depends on it, and no view runs that on training data",
        "the same holds for `second`, which leads only there",
    )
