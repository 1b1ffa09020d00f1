import json


def test_the_table_of_a_graph(run, graph_file):
    done = run("show", graph_file, "train.cache=false")
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("small: 6 modules, ")
    assert lines[2] == "node module output kind shape every ahead parameters"
    assert "data asr.manifest audio Audio B x S 8000 Hz" in lines
    assert "mel asr.log_mel features Mel B x 16 x T 10 ms all" in lines
    assert "head asr.ctc_head log_probs LogProbs B x T2 x 28 20 ms all 252" in lines
    assert "T2 = ceil((floor(S/80)+1)/2) frames, one every 20 ms" in lines
    assert "infer data.audio text.text" in lines


def test_the_frozen_prefix_is_marked_and_explained(run, graph_file):
    done = run("show", graph_file, "init={from: a.phono, freeze: [encoder]}")
    assert "frozen, cached" in done.stdout
    assert done.stdout.endswith(
        "cached: training cannot change what comes out of mel, encoder, so it is computed once\n"
    )


def test_what_is_left_open_is_listed(run, graph_file):
    done = run("show", graph_file, "modules.data.with.test=???")
    assert done.stdout.endswith("still to be given (???): modules.data.with.test\n")


def test_no_colours_and_no_trailing_blanks_in_a_pipe(run, graph_file):
    text = run("show", graph_file).stdout
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_a_view_leaves_out_what_it_does_not_need(run, graph_file):
    done = run("show", graph_file, "--view", "infer")
    assert done.stdout.startswith("small, view infer: 5 modules, ")
    assert "ctc_loss" not in done.stdout
    assert "validate" not in done.stdout


def test_an_unknown_view_is_at_fault(run, graph_file):
    done = run("show", graph_file, "--view", "serve")
    assert done.exit_code == 1
    assert "error[PG043]: the graph has no view `serve`" in done.stderr


def test_mermaid_is_nothing_but_mermaid(run, graph_file):
    done = run("show", graph_file, "--format", "mermaid")
    assert done.stdout.startswith("flowchart LR\n")
    assert 'n_data -->|"Audio B x S"| n_mel' in done.stdout


def test_json_has_the_total(run, bundle):
    shown = json.loads(run("show", bundle, "--json").stdout)
    assert shown["parameters"] == sum(node["parameters"] for node in shown["nodes"])
    assert run("show", bundle, "--format", "json").stdout == run("show", bundle, "--json").stdout


def test_a_faulty_graph_is_told_as_by_check(run, graph_file):
    done = run("show", graph_file, "modules.mel.module=asr.logmel")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error[PG010]: unknown module `asr.logmel`")
