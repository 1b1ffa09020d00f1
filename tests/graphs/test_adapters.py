"""When an adapter is offered, and when not. What is said, and that it mends: diagnostics.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.check import check_document, check_graph
from phonograph.graphs.document import parse_document
from phonograph.types.registry import Registry

GRAPH = Path(__file__).with_name("demo.yaml").read_text(encoding="utf-8")
MEL = "  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 64}}\n"
HEAD = "  head: {module: asr.ctc_head, from: encoder.encoded}\n"
NARROW = MEL.replace("64", "64, sample_rate: 8000")


def help_of(*edits: tuple[str, str], registry: Registry | None = None) -> str:
    """Return the help of the one fault that edits of a valid graph bring in."""
    text = GRAPH
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    document = parse_document(text, "demo.yaml", Path())
    (fault,) = check_document(document, registry or default_registry()).faults
    return fault.help


def test_an_adapter_gets_a_name_that_is_free():
    taken = "  resample: {module: asr.log_mel, from: data.audio}\n"
    line = "  resample_2: {module: adapt.resample, from: data.audio, with: {rate: 8000}}"
    assert line in help_of((MEL, NARROW + taken)).splitlines()


def test_nothing_is_offered_that_is_not_in_the_registry():
    table = default_registry().table
    registry = Registry({id: path for id, path in table.items() if not id.startswith("adapt.")})
    said = help_of((MEL, NARROW), registry=registry)
    assert said == "delete `sample_rate`; it is solved as 16000"


def test_rates_without_a_simple_share_are_not_resampled():
    odd = MEL.replace("64", "64, sample_rate: 15999")
    assert help_of((MEL, odd)) == "delete `sample_rate`; it is solved as 16000"


def test_a_width_that_is_only_repeated_is_not_projected():
    wrong = HEAD.replace("}\n", ", with: {feat_in: 17}}\n")
    assert help_of((HEAD, wrong)) == "delete `feat_in`; it is solved as 16"


@pytest.mark.parametrize("reached", [True, False])
def test_weights_are_offered_only_where_a_loss_trains_them(reached):
    beside = (
        "  wide: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 24}}\n"
        "  both: {module: combine.sum, from: [encoder.encoded, wide.encoded]}\n"
    )
    head = HEAD.replace("encoder.encoded", "both.encoded") if reached else HEAD
    assert ("adapt.project" in help_of((HEAD, beside + head))) == reached


def test_an_item_of_a_list_is_named_where_it_stands():
    nodes = (
        "  wide: {module: asr.recurrent, from: encoder.encoded, with: {d_model: 24}}\n"
        "  both: {module: combine.sum, from: [encoder.encoded, wide.encoded]}\n"
    )
    assert help_of((HEAD, nodes + HEAD.replace("encoder.encoded", "both.encoded"))) == (
        "delete `d_model`; it is solved as 16\n"
        "or put in between:\n"
        "  project: {module: adapt.project, from: wide.encoded, with: {width: 16}}\n"
        "and wire `project.encoded` instead of `wide.encoded` to `both`"
    )


def test_the_nodes_of_a_composite_are_left_alone(tmp_path):
    part = (
        "phonograph: 1\n"
        "expose: {inputs: {audio: mel.audio}, outputs: {features: mel.features}}\n"
        "modules:\n"
        "  mel: {module: asr.log_mel, with: {n_mels: 64, sample_rate: 8000}}\n"
    )
    (tmp_path / "front.yaml").write_text(part, encoding="utf-8")
    graph = GRAPH.replace(MEL, "  mel: {module: ./front.yaml, from: data.audio}\n")
    path = tmp_path / "demo.yaml"
    path.write_text(graph, encoding="utf-8")
    (fault,) = check_graph(path, [], default_registry()).faults
    assert fault.code == "PG032"
    assert "put in between" not in fault.help
