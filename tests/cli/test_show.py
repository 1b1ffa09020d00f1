import json
import re

from phonograph.cli.screen import print_table, start_table


def test_the_table_of_a_graph(run, graph_file):
    done = run("show", graph_file, "train.cache=false")
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("small: 6 modules, ")
    assert lines[2] == (
        "node module output kind shape every ahead parameters memory multiply-adds/s"
    )
    assert "data asr.manifest audio Audio B x S 8000 Hz" in lines
    (mel,) = (line for line in lines if line.startswith("mel "))
    assert mel.startswith("mel asr.log_mel features Mel B x 16 x T 10 ms all ")
    # 8 x 28 products for each of 501 frames in ten seconds
    head = "head asr.ctc_head log_probs LogProbs B x T2 x 28 20 ms all 252 113 kB 11.2 k"
    assert head in lines
    assert "T2 = ceil((floor(S/80)+1)/2) frames, one every 20 ms" in lines
    assert any(line.startswith("infer data.audio text.text ") for line in lines)


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


def test_svg_is_one_picture(run, graph_file):
    done = run("show", graph_file, "--format", "svg", "--view", "infer")
    assert done.stdout.startswith("<svg ")
    assert done.stdout.endswith("</svg>\n")
    assert "ctc_loss" not in done.stdout


def test_a_page_is_written_whole_and_named_by_its_ending(run, graph_file, here):
    done = run("show", graph_file, "--output", "small.html")
    assert (done.exit_code, done.stdout) == (0, "wrote small.html\n")
    page = (here / "small.html").read_text(encoding="utf-8")
    assert page == run("show", graph_file, "--format", "html").stdout
    assert page.startswith("<!doctype html>")
    assert sorted(path.name for path in here.iterdir()) == ["small.html", "small.yaml"]


def test_a_page_opens_at_the_view_that_is_named(run, graph_file):
    page = run("show", graph_file, "--format", "html", "--view", "infer").stdout
    (chosen,) = re.findall(r'aria-selected="true">(\w+)<', page)
    assert chosen == "infer"


def test_an_older_picture_is_replaced(run, graph_file, here):
    (here / "small.svg").write_text("old", encoding="utf-8")
    assert run("show", graph_file, "--output", "small.svg").exit_code == 0
    assert (here / "small.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_a_faulty_graph_leaves_no_file(run, graph_file, here):
    done = run("show", graph_file, "modules.mel.module=asr.logmel", "--output", "small.svg")
    assert done.exit_code == 1
    assert not (here / "small.svg").exists()


def test_a_folder_that_is_missing_is_made(run, graph_file, here):
    assert run("show", graph_file, "--output", "there/small.svg").exit_code == 0
    assert [path.name for path in (here / "there").iterdir()] == ["small.svg"]


def test_a_place_that_cannot_be_written_is_named(run, graph_file, here):
    (here / "there").write_text("a file", encoding="utf-8")
    done = run("show", graph_file, "--output", "there/small.svg")
    assert done.exit_code == 1
    assert done.stderr == "error[PC001]: `there`: File exists\n"


def test_only_files_that_are_made_for_it_are_written(run, graph_file):
    done = run("show", graph_file, "--output", "small.yaml")
    assert done.exit_code == 2
    assert "`small.yaml` must end in .mmd, .svg, .html or .json" in done.stderr


def test_one_format_at_a_time(run, graph_file):
    done = run("show", graph_file, "--output", "small.svg", "--json")
    assert done.exit_code == 2
    assert "one format at a time, not json and svg" in done.stderr


def test_json_is_the_same_in_a_file(run, graph_file, here):
    run("show", graph_file, "--output", "small.json")
    written = (here / "small.json").read_text(encoding="utf-8")
    assert written == run("show", graph_file, "--json").stdout


def test_a_narrow_terminal_gets_the_columns_below_each_other(capsys, monkeypatch):
    table = start_table("node", "output")
    table.add_column("memory", justify="right")
    table.add_row("mel", "features", "8 MB")
    table.add_row("", "lengths", "")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "18")
    monkeypatch.setenv("TERM", "dumb")
    print_table(table)
    parts = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert parts == ["node output", "mel features", "lengths", "", "node memory", "mel 8 MB"]
