import json
from pathlib import Path

import torch

from phonograph.cli.two_values import LONGEST, in_two_texts, in_two_values


def test_the_same_graph_written_otherwise_is_the_same(run, graph_file, bundle):
    for other in (graph_file, bundle):
        done = run("diff", graph_file, other, "--exit-code")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout == "the same: small: 6 modules, 2,892 parameters\n"


def test_what_changed_is_read_at_a_glance(run, graph_file):
    changes = ("modules.mel.with.n_mels=24", "train.optimizer.lr=3e-4")
    done = run("diff", graph_file, graph_file, *changes)
    assert done.exit_code == 0
    assert (
        done.stdout
        == """\
- small  small.yaml  2,892 parameters
+ small  small.yaml  3,148 parameters

~ mel  asr.log_mel
    n_mels              16 -> 24         command line
    features            B x 16 x T -> B x 24 x T

training
    train.optimizer.lr  0.001 -> 0.0003  command line

weights  A could start 45 of 46 tensors of B
             reusable  other shape
    encoder        43            1
    head            2
    encoder.subsampling.out.weight  8 x 64 -> 8 x 96
"""
    )


def test_wires_views_and_nodes_are_told(run, graph_file):
    done = run(
        "diff",
        graph_file,
        graph_file,
        "modules.dither={module: asr.dither, from: data.audio, with: {amount: 1e-4}}",
        "modules.mel.from=dither.audio",
        "views.infer.run=[text.text, text.hypotheses]",
    )
    lines = done.stdout.splitlines()
    assert "+ dither  asr.dither" in lines
    assert "    amount      + 0.0001" in lines
    assert "    from audio  data.audio -> dither.audio" in lines
    assert "    infer.run   [text.text] -> [text.hypotheses, text.text]" in lines
    back = run("diff", graph_file, graph_file, "modules.text=null", "views.infer.run=[loss.loss]")
    assert back.exit_code == 1


def test_a_renamed_node_says_what_it_was(run, graph_file, here):
    text = Path(graph_file).read_text(encoding="utf-8").replace("encoder", "body")
    Path("renamed.yaml").write_text(text, encoding="utf-8")
    done = run("diff", graph_file, "renamed.yaml")
    assert "= body  asr.conformer  was encoder  2,640 parameters" in done.stdout.splitlines()


def test_bundles_are_compared_value_by_value(run, bundle, graph_file):
    from phonograph.collections import default_registry
    from phonograph.graphs.bundle import read_bundle, save_bundle

    read = read_bundle(Path(bundle), default_registry())
    bias = read.weights["head.linear.bias"]
    weights = {**read.weights, "head.linear.bias": torch.nextafter(bias, bias + 1)}
    save_bundle(Path("other.phono"), read.graph, weights, {})
    done = run("diff", bundle, "other.phono", "--exit-code")
    assert done.exit_code == 1
    assert (
        done.stdout
        == """\
- small  small.phono  2,892 parameters
+ small  other.phono  2,892 parameters

weights  A could start all 46 tensors of B; 28 values of 1 tensor are unequal
             reusable  unequal
    encoder        44
    head            2        1
"""
    )
    told = json.loads(run("diff", bundle, "other.phono", "--json").stdout)
    assert told["same"] is False
    assert told["weights"]["unequal"] == {"head.linear.bias": 28}


def test_json_has_every_change(run, graph_file):
    told = json.loads(
        run("diff", graph_file, graph_file, "modules.mel.with.n_mels=24", "--json").stdout
    )
    mel, encoder = told["nodes"]
    change = {"what": "n_mels", "before": 16, "after": 24, "origin": "command line"}
    assert mel["settings"] == [change]
    assert encoder["status"] == "follows"
    assert encoder["solved"][0]["what"] == "feat_in"
    shapes = {"encoder.subsampling.out.weight": [[8, 64], [8, 96]]}
    assert told["weights"]["other_shape"] == shapes
    assert json.loads(run("diff", graph_file, graph_file, "--json").stdout)["same"] is True


def test_exit_code_is_one_only_on_demand(run, graph_file):
    changed = (graph_file, graph_file, "name=other")
    assert run("diff", *changed).exit_code == 0
    assert run("diff", *changed, "--exit-code").exit_code == 1


def test_faults_of_both_graphs_are_told_in_one_run(run, graph_file):
    Path("bad.yaml").write_text("phonograph: 1\nmodules: {a: {module: asr.nothing}}\n")
    done = run("diff", "phonograph://asr/promts", "bad.yaml")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error[PG002]: there is no recipe `phonograph://asr/promts`" in done.stderr
    assert "error[PG010]: unknown module `asr.nothing`" in done.stderr


def test_a_bundle_cannot_be_changed_by_an_override(run, graph_file, bundle):
    done = run("diff", graph_file, bundle, "name=x")
    assert done.exit_code == 1
    assert "a bundle is finished" in done.stderr


def test_of_long_values_the_part_that_differs_is_shown():
    one, other = in_two_texts("a" * 60 + "b" + "c" * 60, "a" * 60 + "d" + "c" * 60)
    assert (one, other) == ("…aaaaaaaabcccccccc…", "…aaaaaaaadcccccccc…")
    assert max(map(len, in_two_values(list(range(99)), "x"))) <= LONGEST
    assert in_two_values(["a b", "", None, True], {"a": 1.5}) == (
        '[a b, "", nothing, true]',
        "{a: 1.5}",
    )
