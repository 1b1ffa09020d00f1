"""Views keep what their outputs need, and nothing else."""

from __future__ import annotations

from phonograph.graphs.solved import Extent
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import check_views, cut, lengths_of, plan_view


def port(text):
    node, _, name = text.partition(".")
    return PortName(node, name)


def names(ports):
    return sorted(map(str, ports))


def test_training_needs_the_loss_and_what_leads_to_it(tiny):
    view = plan_view(tiny(), "train")
    assert view.split == "train"
    assert view.core == ("mel", "augment", "encoder", "head", "loss")
    assert view.tail == ()
    assert names(view.inputs) == [
        "data.audio", "data.audio_lengths", "data.token_lengths", "data.tokens",
    ]  # fmt: skip


def test_losses_bring_what_they_rejected(tiny):
    assert names(plan_view(tiny(), "train").outputs) == ["loss.loss", "loss.rejected"]


def test_a_node_of_another_view_is_looked_through(tiny):
    graph = tiny()
    assert "augment" not in plan_view(graph, "validate").nodes
    assert plan_view(graph, "validate").sources[port("encoder.features")] == port("mel.features")
    assert plan_view(graph, "train").sources[port("encoder.features")] == port("augment.features")


def test_text_and_all_behind_it_is_the_tail(tiny):
    view = plan_view(tiny(), "validate")
    assert view.tail == ("text",)
    assert view.score == {"wer": (port("text.text"), port("data.text"))}
    assert names(view.outputs) == ["data.text", "loss.loss", "loss.rejected", "text.text"]


def test_what_is_fed_brings_its_lengths(tiny):
    view = plan_view(tiny(), "infer")
    assert view.split is None
    assert names(view.inputs) == ["data.audio", "data.audio_lengths"]
    assert view.nodes == ("mel", "encoder", "head", "text")


def test_a_view_may_be_fed_in_the_middle(tiny):
    view = plan_view(tiny("views.infer={feed: [encoder.encoded], run: [text.text]}"), "infer")
    assert names(view.inputs) == ["encoder.encoded", "encoder.lengths"]
    assert view.nodes == ("head", "text")


def test_a_cut_keeps_what_lies_between(tiny):
    graph = tiny()
    spec = graph.spec.views["train"]
    fed = [port("mel.features"), port("mel.lengths")]
    view = cut(graph, spec, [port("encoder.encoded")], fed)
    assert view.nodes == ("augment", "encoder")
    assert names(view.inputs) == ["mel.features", "mel.lengths"]


def test_the_lengths_of_an_axis_are_found(tiny):
    graph = tiny()
    encoded = graph.output(port("encoder.encoded")).sizes[2]
    assert isinstance(encoded, Extent)
    assert lengths_of(graph, encoded) == port("encoder.lengths")
    assert lengths_of(graph, Extent("nowhere.T", encoded.term)) is None


def test_views_of_a_graph_that_holds_hold(tiny):
    assert check_views(tiny()) == []


def test_only_may_leave_out_what_no_other_view_needs(tiny):
    graph = tiny("modules.loss.only=train", "views.validate.run=[head.log_probs]")
    assert check_views(graph) == []
    assert "loss" not in plan_view(graph, "validate").nodes
