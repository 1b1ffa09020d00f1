"""Looking at everything in one run."""

import numpy as np

from phonograph.training.preflight.preflight import preflight


def test_good_speech_is_in_order_and_counted(look, record, tone):
    found = look(
        train=[record(tone(1.0)), record(tone(3.0, hertz=500), "yes it is")], test=[record()]
    )
    assert (found.errors, found.warnings, found.groups) == (0, 0, ())
    train = found.splits[0]
    assert (train.split, train.lines, train.utterances, train.seconds) == ("train", 2, 2, 4.0)
    assert (train.shortest, train.median, train.longest) == (1.0, 2.0, 3.0)
    assert (train.characters, train.tokens, train.hours) == (12, 12, 4 / 3600)


def test_one_fault_of_a_line_is_told_once(look, record, tone, codes):
    many = [record(tone(hertz=200 + k)) for k in range(40)]
    late = {**record(tone(hertz=900), "far too much text for so little time"), "duration": 1.0}
    found = look(train=[*many, late])
    assert codes(found) == [("PD030", 41)]


def test_unreadable_lines_are_counted_as_lines(look, record):
    found = look(train=["{", record(), "[]"])
    assert (found.splits[0].lines, found.splits[0].utterances) == (3, 1)


def test_the_number_of_threads_changes_nothing(look, record, tone, tmp_path):
    lines = [record(tone(hertz=200 + k), "ü" if k % 7 == 0 else "yes") for k in range(30)]
    lines[4] = record(np.zeros(8000, np.float32))
    found = look(train=lines)
    assert [group.code for group in found.groups] == ["PD020", "PD043"]
    from phonograph.collections import default_registry
    from phonograph.graphs.check import load_graph

    graph = load_graph(tmp_path / "graph.yaml", [], default_registry())
    told = []
    alone = preflight(graph, threads=1, progress=lambda done, of: told.append((done, of)))
    assert alone.groups == found.groups
    assert told == [(k, 30) for k in range(31)]


def test_a_line_that_two_splits_read_is_told_once(tmp_path, look, record, codes):
    look(train=[record(text="ü")])
    from phonograph.collections import default_registry
    from phonograph.graphs.check import load_graph

    path = tmp_path / "train.jsonl"
    same = f"modules.data.with.validation={path}"
    found = preflight(load_graph(tmp_path / "graph.yaml", [same], default_registry()))
    assert codes(found) == [("PD020", 1), ("PD042", 0)]
