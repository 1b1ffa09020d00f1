import pytest
import torch

from phonograph.errors import GraphError
from phonograph.graphs.model import build, sketch


def test_meta_builds_have_shapes_and_no_memory(tiny):
    model = build(tiny(), device="meta")
    assert all(weight.is_meta for weight in model.module.parameters())


def test_parameter_counts_are_those_of_the_modules(tiny):
    model = build(tiny())
    counts = model.parameter_counts()
    assert sum(counts.values()) == sum(weight.numel() for weight in model.module.parameters())
    assert counts["head"] == 8 * 4 + 4
    assert counts["data"] == counts["mel"] == 0


def test_an_unknown_view_is_an_error_that_lists_the_views(tiny):
    model = build(tiny())
    with pytest.raises(GraphError) as caught:
        model.view("infr")
    [fault] = caught.value.diagnostics
    assert fault.code == "PG043"
    assert fault.help == "it has `train`, `validate`, `infer`"


def test_solved_arguments_reach_the_constructors(tiny):
    model = build(tiny())
    assert model.modules["head"].linear.in_features == 8
    assert model.modules["head"].linear.out_features == 4


def test_the_frame_period_is_read_off_the_graph(tiny):
    graph = tiny("modules.encoder.with.stride=2")
    assert graph.nodes["text"].parameters["frame_period"] == pytest.approx(0.02)
    assert torch.is_tensor(next(build(graph).module.parameters()))


OPEN = 'modules.data.with.tokenizer={type: characters, alphabet: "???"}'


def test_a_sketch_leaves_out_what_waits_for_a_value(tiny):
    model = sketch(tiny(OPEN, "modules.head.with.vocab=5"))
    assert set(model.modules) == {"mel", "augment", "encoder", "head", "loss"}
    weight = model.modules["head"].linear.weight
    assert weight.shape[0] == 6
    assert weight.is_meta


def test_without_a_size_the_head_waits_too(tiny):
    assert set(sketch(tiny(OPEN)).modules) == {"mel", "augment", "encoder"}


def test_an_open_path_keeps_nobody_waiting(tiny):
    graph = tiny("modules.data.with.train=???")
    assert set(sketch(graph).modules) == set(graph.nodes)


def test_a_constructor_is_tried_though_something_else_is_open(tiny):
    with pytest.raises(GraphError) as caught:
        tiny(OPEN, "modules.encoder.with.layers=0")
    assert [fault.code for fault in caught.value.diagnostics] == ["PG015"]
