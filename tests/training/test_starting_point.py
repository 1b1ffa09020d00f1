"""The model with which training begins."""

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.errors import GraphError
from phonograph.training.starting_point import check_trainable, starting_point


def _start(graph, seed=0, say=lambda line: None):
    return starting_point(graph, default_registry(), seed=seed, say=say)


def test_the_seed_decides_the_weights(load):
    first, again, other = (_start(load(), seed).module.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_it_says_what_init_did(load, frozen):
    said: list[str] = []
    model = _start(load(*frozen), say=said.append)
    assert said[-1].startswith("frozen: encoder (")
    free = {name for name, w in model.module.named_parameters() if w.requires_grad}
    assert free == {"head.linear.weight", "head.linear.bias"}


def test_what_the_train_view_does_not_reach_is_left_alone(load):
    model = _start(
        load(
            "modules.other={module: asr.ctc_head, from: encoder.encoded}",
            "modules.second={module: asr.ctc_loss,"
            " from: {log_probs: other.log_probs, targets: data.tokens}}",
            "views.more={run: [second.loss], split: train}",
        )
    )
    assert not any(w.requires_grad for w in model.modules["other"].parameters())
    assert all(w.requires_grad for w in model.modules["head"].parameters())


def test_nothing_free_is_nothing_to_train(load, frozen):
    graph = load(*frozen, "init.freeze=[encoder, head]")
    with pytest.raises(GraphError, match="no weight of the view `train` is free to be trained"):
        _start(graph)


def test_a_graph_that_cannot_be_trained_is_told_why(load):
    (fault,) = check_trainable(load("views={infer: {feed: [data.audio], run: [text.text]}}"))
    assert (fault.code, fault.message) == ("PT003", "there is no view `train`")
    (fault,) = check_trainable(load("views.train={run: [text.text]}"))
    assert fault.message == "the view `train` runs no loss"
    (fault,) = check_trainable(
        load("views.train={run: [loss.loss], feed: [data.audio, data.tokens]}")
    )
    assert fault.message == "the view `train` reads no data"
    assert check_trainable(load()) == []
