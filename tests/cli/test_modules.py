import json

from phonograph.collections import default_registry


def test_every_module_is_listed_with_its_summary(run):
    lines = run("modules").stdout.splitlines()
    assert [line.split()[0] for line in lines] == default_registry().ids
    assert all(len(line.split()) > 2 for line in lines)


def test_one_module_is_told_in_full(run):
    lines = [" ".join(line.split()) for line in run("modules", "asr.ctc_head").stdout.splitlines()]
    assert lines[0] == "asr.ctc_head (version 1)"
    assert "vocab whole number solved from the wires" in lines
    assert "log_probs LogProbs B T vocab+1" in lines
    assert lines[-1].endswith("ctc_head.py")


def test_defaults_are_written_as_in_yaml(run):
    lines = [" ".join(line.split()) for line in run("modules", "asr.manifest").stdout.splitlines()]
    assert "workers whole number 0" in lines
    assert "tokenizer mapping of type, model, content or mapping must be given" in lines
    assert "train path or nothing nothing" in lines


def test_an_unknown_module_is_at_fault_and_the_nearest_is_named(run):
    done = run("modules", "asr.conformr")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error[PG010]: unknown module `asr.conformr`\n   = help: did you mean `asr.conformer`?\n"
    )


def test_json_lists_the_same_modules(run):
    listed = json.loads(run("modules", "--json").stdout)
    assert [module["id"] for module in listed] == default_registry().ids
    head = json.loads(run("modules", "asr.ctc_head", "--json").stdout)
    assert head in listed
    assert head["outputs"] == [{"name": "log_probs", "kind": "LogProbs", "axes": "B T vocab+1"}]
