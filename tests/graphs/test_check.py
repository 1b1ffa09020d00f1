"""Checking a file from end to end."""

from __future__ import annotations

import pytest

from phonograph.errors import GraphError
from phonograph.graphs.check import check_document, check_graph, load_graph
from phonograph.graphs.document import parse_document
from phonograph.graphs.left_open import left_open
from phonograph.graphs.lock import read_lock, to_lock


@pytest.fixture
def path(tiny, tmp_path):
    return tmp_path / "tiny.yaml"


def test_a_graph_that_holds_comes_back_solved(path, registry):
    checked = check_graph(path, [], registry)
    assert checked.faults == ()
    assert checked.graph is not None
    assert checked.graph.name == "tiny"


def test_loading_raises_every_fault(path, registry):
    overrides = ["modules.mel.with.n_mel=80", "modules.head.with.vocab=9"]
    with pytest.raises(GraphError) as caught:
        load_graph(path, overrides, registry)
    assert [fault.code for fault in caught.value.diagnostics] == ["PG011", "PG030"]


def test_a_file_is_called_as_the_user_called_it(path, registry):
    checked = check_graph(path, ["modules.mel.from=data.text"], registry, name="my graph")
    assert str(check_graph(path, [], registry, name="my graph").graph is not None)
    document = checked.faults[0]
    assert document.place is not None
    path.write_text("a: [")
    assert str(check_graph(path, [], registry, name="my graph").faults[0].place).startswith(
        "my graph"
    )


@pytest.mark.parametrize("metrics", [["wer", "cer"], {"wer": 1}, {"wer"}, None])
def test_known_metrics_are_fine(path, registry, metrics):
    assert check_graph(path, [], registry, metrics=metrics).faults == ()


def test_an_unknown_metric_is_told_even_when_names_cannot_be_listed(path, registry):
    (fault,) = check_graph(path, [], registry, metrics={"cer"}).faults
    assert (fault.message, fault.help) == ("unknown metric `wer`", "")


@pytest.mark.parametrize(
    "override",
    ["modules.encoder.with.d_model='???'", "modules.data.with.train='???'",
     "modules.data.with.tokenizer='???'", "modules.mel.with.n_mels='???'"],
)  # fmt: skip
def test_values_left_open_are_accepted(path, registry, override):
    checked = check_graph(path, [override], registry)
    assert checked.faults == ()
    assert checked.graph is not None
    assert len(list(left_open(checked.graph))) == 1


def test_constructors_are_called_though_a_path_is_open(path, registry):
    overrides = ["modules.data.with.train='???'", "modules.encoder.with.stride=3"]
    (fault,) = check_graph(path, overrides, registry).faults
    assert fault.code == "PG015"


@pytest.mark.parametrize("size", ["4611686018427387904", "9223372036854775807"])
def test_a_size_beyond_all_memory_is_told(path, registry, size):
    (fault,) = check_graph(path, [f"modules.encoder.with.d_model={size}"], registry).faults
    assert fault.code == "PG015"
    assert fault.message.endswith("is too large a number")


def test_what_reads_the_same_is_told_once_with_the_other_places(path, registry):
    text = path.read_text().replace("text:    {module", "txt:    {module")
    (fault,) = check_document(parse_document(text, "x", path.parent), registry).faults
    assert fault.causes == ("the same at x:19:40",)


def test_many_places_are_counted(path, registry):
    views = "".join(f"  v{n}: {{run: [no.port]}}\n" for n in range(6))
    document = parse_document(path.read_text() + views, "x", path.parent)
    (fault,) = check_document(document, registry).faults
    assert fault.causes == ("the same at x:21:14, x:22:14, x:23:14 and 2 more",)


def test_a_lock_is_checked_like_a_file(tiny, registry):
    graph = tiny()
    checked = check_document(read_lock(to_lock(graph), "lock"), registry)
    assert checked.faults == ()
    assert checked.graph is not None
    assert to_lock(checked.graph) == to_lock(graph)
