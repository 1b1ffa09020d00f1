"""Random edits give a graph that runs, or faults with a place; here a fixed few of very many."""

import json

import pytest

SEED, CASES = 17, 160


@pytest.fixture
def edits(load_script):
    return load_script("graph_edits")


@pytest.fixture
def fuzzer(load_script):
    return load_script("graph_fuzzer")


@pytest.fixture
def fuzz_graphs(load_script):
    return load_script("fuzz_graphs")


@pytest.fixture
def whole(edits):
    """The graphs to start from, unedited."""
    graphs = {name: text for name, text in edits.base_graphs().items() if "/" not in name}
    return [edits.Case(name, 0, text.encode(), (), "", ()) for name, text in graphs.items()]


def test_the_graphs_to_start_from_run(whole, fuzzer, tmp_path):
    assert len(whole) >= 4
    for case in whole:
        assert fuzzer.judge(case, tmp_path).outcome == "runs", case.base


@pytest.mark.parametrize("part", range(4))
def test_edited_graphs_run_or_are_told_what_is_wrong(edits, fuzzer, tmp_path, part):
    graphs = {name: text for name, text in edits.base_graphs().items() if "/" not in name}
    outcomes = set()
    for number in range(part, CASES, 4):
        verdict = fuzzer.judge(edits.make_case(graphs, SEED, number), tmp_path)
        assert verdict.outcome != "failed", f"case {number} of seed {SEED}:\n{verdict.error}"
        outcomes.add(verdict.outcome)
    assert outcomes >= {"runs", "told"}


def test_a_case_is_decided_by_its_seed_and_number(edits):
    graphs = edits.base_graphs()
    assert edits.make_case(graphs, 1, 5) == edits.make_case(graphs, 1, 5)
    several = {edits.make_case(graphs, 1, number).content for number in range(50)}
    assert len(several) > 40


def test_every_kind_of_edit_changes_a_graph(edits):
    import random

    graph = edits.base_graphs()["features"]
    for edit in edits.EDITS:
        assert any(edit(random.Random(number), graph) != graph for number in range(5)), edit


@pytest.fixture
def broken(fuzzer, monkeypatch):
    """A check that fails in a way of one's choice."""

    def fail(how):
        monkeypatch.setattr(fuzzer, "check_graph", lambda *_, **__: how())

    return fail


def test_a_traceback_is_a_failure(whole, fuzzer, broken, tmp_path):
    held: dict[str, int] = {}
    broken(lambda: held["missing"])
    verdict = fuzzer.judge(whole[0], tmp_path)
    assert verdict.outcome == "failed"
    assert verdict.error.endswith("KeyError: 'missing'\n")


def test_what_takes_too_long_is_a_failure(whole, fuzzer, broken, monkeypatch, tmp_path):
    monkeypatch.setattr(fuzzer, "SECONDS", 0.05)

    def forever():
        while True:
            pass

    broken(forever)
    verdict = fuzzer.judge(whole[0], tmp_path)
    assert verdict.outcome == "failed"
    assert "TooSlowError: more than 0.05 s" in verdict.error


def test_a_failure_is_saved_and_can_be_judged_again(fuzz_graphs, tmp_path, capsys):
    result = {"number": 3, "base": "demo", "outcome": "failed", "codes": [], "edits": []}
    fuzz_graphs.save({**result, "seconds": 0.1, "error": "KeyError: 'x'"}, 17, tmp_path)
    path = tmp_path / "17-3.json"
    assert json.loads(path.read_text(encoding="utf-8"))["error"] == "KeyError: 'x'"
    assert fuzz_graphs.replay(path) == 0
    assert capsys.readouterr().out


def test_the_figures_are_summed_up(fuzz_graphs):
    results = [
        {"number": 0, "base": "demo", "outcome": "runs", "codes": [], "seconds": 0.2, "error": ""},
        {
            "number": 1,
            "base": "demo",
            "outcome": "told",
            "codes": ["PG012", "PG012", "PG031"],
            "seconds": 0.1,
            "error": "",
        },
        {
            "number": 2,
            "base": "parts",
            "outcome": "failed",
            "codes": [],
            "seconds": 5.0,
            "error": "Traceback:\n  line\nKeyError: 'x'\n",
        },
    ]
    figures = fuzz_graphs.summary(results, 3.0)
    assert figures["outcomes"] == {"runs": 1, "told": 1, "failed": 1}
    assert figures["by_base"]["demo"] == {"runs": 1, "told": 1}
    assert figures["cases_by_code"] == {"PG012": 1, "PG031": 1}
    assert figures["failures"] == [{"number": 2, "base": "parts", "error": "KeyError: 'x'"}]
    assert fuzz_graphs.as_text(figures).splitlines()[0] == "3 cases in 3 s"
