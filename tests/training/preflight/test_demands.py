"""What a graph asks of its data."""

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.errors import DataError, GraphError
from phonograph.graphs.check import load_graph
from phonograph.training.preflight.demands import read_demands


def demands(name, *overrides):
    path, title = locate(f"phonograph://asr/{name}")
    graph = load_graph(path, list(overrides), default_registry(), name=title, locate=locate)
    return read_demands(graph)


def test_a_recipe_says_which_manifests_and_how_many_frames():
    found = demands("prompts")
    assert [path.name for paths in found.manifests.values() for path in paths] == [
        "train.jsonl",
        "validation.jsonl",
        "test.jsonl",
    ]
    (limit,) = found.limits
    assert (limit.node, str(limit.extent)) == ("loss", "ceil((floor(S/160)+1)/4)")
    assert (found.sample_rate, found.batch_seconds, found.left_open) == (16000, 12, ())


@pytest.mark.parametrize(
    ("recipe", "node", "frames"),
    [("quartznet-5x5", "loss", 51), ("las-ctc", "ctc", 26), ("wav2vec2-base", "loss", 49)],
)
def test_every_ctc_loss_is_found_after_all_subsampling(recipe, node, frames):
    found = demands(recipe, "modules.data.with.train=train.jsonl")
    assert [(one.node, one.frames(16000)) for one in found.limits] == [(node, frames)]
    assert found.left_open == ("validation",)


def test_a_graph_that_leaves_its_manifests_open_cannot_be_checked():
    with pytest.raises(DataError) as raised:
        demands("quartznet-5x5")
    assert str(raised.value) == (
        "error[PD044]: `quartznet-5x5` names no manifest to check: they are left open (???)\n"
        "  --> phonograph://asr/quartznet-5x5\n"
        "   = help: give one: modules.data.with.train=path/to/train.jsonl"
    )


def test_without_a_tokenizer_nothing_can_be_said():
    with pytest.raises(GraphError, match=r"tokenizer\.model` is left open"):
        demands("conformer-ctc-small")


def test_a_variable_that_the_data_layer_needs_is_asked_for():
    with pytest.raises(GraphError) as caught:
        demands("an4", "modules.data.with.sample_rate=${vars.rate}", "vars.rate=???")
    messages = [fault.message for fault in caught.value.diagnostics]
    assert messages == ["`vars.data` is left open", "`vars.rate` is left open"]


def test_several_manifests_of_a_split_are_all_read():
    from phonograph.training.preflight.demands import _paths

    given = ["a.jsonl", {"manifest": Path("b.jsonl"), "weight": 2.0}]
    assert list(_paths(given)) == [Path("a.jsonl"), Path("b.jsonl")]
