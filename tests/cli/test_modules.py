import json
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator

from phonograph.cli.module_example import python_example, yaml_example
from phonograph.cli.module_page import page, parameter_rows
from phonograph.cli.schema import whole_schema
from phonograph.collections import default_registry

IDS = default_registry().ids

CTC_HEAD = """\
asr.ctc_head (version 1, heads)

Score every frame over the vocabulary and the blank (Graves et al. 2006, sec. 3).

The log-probabilities are float32 whatever the precision of the encoder.

takes
  encoded  Encoded  B feat_in T

gives
  log_probs  LogProbs  B T vocab+1

with: type, and what holds when left out
  feat_in  whole number, ≥ 1  solved from the wires
      width of the encoded frames, at least 1; solved from the wire when left out.
  vocab    whole number, ≥ 1  solved from the wires
      number of tokens without the blank, at least 1; solved from the tokenizer when left out. The
      blank is the last entry, number `vocab`.

in YAML, as in phonograph://asr/an4
  head: {module: asr.ctc_head, from: encoder.encoded}

in Python
  import torch

  from phonograph.collections.asr.ctc_head import CtcHead

  print(CtcHead(feat_in=4, vocab=3)(torch.zeros(2, 4, 7)).shape)
  # torch.Size([2, 7, 4])

from
  Graves et al. 2006, sec. 3

source: """


def test_every_module_is_listed_with_its_summary_in_a_group(run):
    lines = run("modules").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  asr.")]
    assert sorted(listed) == [id for id in IDS if id.startswith("asr.")]
    assert all(len(line.split()) > 2 for line in lines if line.startswith("  asr."))
    assert "front ends: sound to features" in lines
    assert "others" not in lines
    assert max(map(len, lines)) <= 100


def test_summaries_stand_in_one_column(run):
    lines = run("modules").stdout.splitlines()
    told = [line for line in lines if line.startswith("  ")]
    width = max(len(line.split()[0]) for line in told if line.startswith("  asr.")) + 4
    assert {line[width - 2 : width] for line in told} == {"  "}
    assert all(line[width] != " " for line in told)


def test_a_word_lists_the_modules_that_have_it(run):
    done = run("modules", "CTC")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  asr.")] == [
        "asr.ctc_head",
        "asr.ctc_loss",
        "asr.ctc_greedy",
    ]
    assert lines[-1] == "All about one: phonograph modules NAME"


def test_a_module_is_known_by_the_last_part_of_its_id(run):
    assert run("modules", "ctc_head").stdout == run("modules", "asr.ctc_head").stdout


def test_one_module_is_told_in_full(run):
    told = run("modules", "asr.ctc_head").stdout
    start, source, path = told.partition("source: ")
    assert start + source == CTC_HEAD
    assert path.strip().endswith("ctc_head.py")


def test_defaults_are_written_as_in_yaml(run):
    lines = [" ".join(line.split()) for line in run("modules", "asr.manifest").stdout.splitlines()]
    assert "workers whole number, ≥ 0 0" in lines
    assert "tokenizer mapping or mapping must be given" in lines
    assert "train path or list of mapping or nothing nothing" in lines


def test_settings_inside_a_parameter_are_told_below(run):
    lines = [" ".join(line.split()) for line in run("modules", "conformer").stdout.splitlines()]
    assert "block mapping as below" in lines
    below = lines[lines.index("block: what the layers of a Conformer are like.") :]
    assert below[1:3] == [
        "heads whole number, ≥ 1 4",
        "attention heads, at least 1; they divide the width.",
    ]
    assert "block.dropout: how likely training drops values, by place; each in [0, 1)." in lines


@pytest.mark.parametrize("id", IDS)
def test_a_page_stays_within_its_columns(id):
    wide, narrow = (page(default_registry().load(id), columns) for columns in (100, 60))
    assert max(map(len, wide.partition("\nin YAML")[0].splitlines())) <= 100
    parameters = narrow.partition("\nwith:")[2].partition("\nin YAML")[0]
    assert max(map(len, parameters.splitlines()), default=0) <= 60


@pytest.mark.parametrize("id", IDS)
def test_every_parameter_says_what_it_means(id):
    rows = list(parameter_rows(default_registry().load(id)))
    assert [row.name for row in rows if not row.text] == []


@pytest.mark.parametrize("id", IDS)
def test_the_lines_in_yaml_are_a_node_of_that_module(id):
    text, recipe = yaml_example(default_registry().load(id))
    (node,) = yaml.safe_load(text).values()
    assert node["module"] == id
    graph = {"phonograph": 1, "modules": yaml.safe_load(text)}
    assert [fault.message for fault in VALIDATOR.iter_errors(graph)] == []
    assert not recipe or recipe.startswith("phonograph://")


VALIDATOR = Draft202012Validator(whole_schema())


def test_the_lines_in_python_run(tmp_path):
    programs = [python_example(default_registry().load(id).cls) for id in IDS]
    assert all(programs)
    (tmp_path / "all.json").write_text(json.dumps(programs), encoding="utf-8")
    code = (
        "import json, sys\n"
        "for program in json.load(open(sys.argv[1])):\n"
        "    exec(compile(program, program, 'exec'), {'__name__': 'pasted'})\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "all.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_module_is_at_fault_and_the_nearest_is_named(run):
    done = run("modules", "asr.conformr")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error[PG010]: unknown module `asr.conformr`\n   = help: did you mean `asr.conformer`?\n"
    )


def test_where_nothing_resembles_a_name_the_list_is_named(run):
    assert run("modules", "xyz").stderr == (
        "error[PG010]: unknown module `xyz`\n   = help: `phonograph modules` lists them all\n"
    )


def test_json_lists_the_same_modules(run):
    listed = json.loads(run("modules", "--json").stdout)
    assert [module["id"] for module in listed] == IDS
    head = json.loads(run("modules", "asr.ctc_head", "--json").stdout)
    assert head in listed
    assert head["outputs"] == [{"name": "log_probs", "kind": "LogProbs", "axes": "B T vocab+1"}]
    assert head["papers"] == ["Graves et al. 2006, sec. 3"]
    assert head["parameters"][0] == {
        "name": "feat_in",
        "type": "whole number",
        "required": False,
        "when_left_out": "solved from the wires",
        "range": "≥ 1",
        "text": "width of the encoded frames, at least 1; solved from the wire when left out.",
    }
    chosen = json.loads(run("modules", "conv", "--json").stdout)
    assert {"asr.conv_encoder", "asr.row_conv"} <= {module["id"] for module in chosen}
