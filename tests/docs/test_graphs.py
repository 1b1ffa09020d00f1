"""The page about writing graphs says what is so."""

import re
from pathlib import Path

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import check_graph

PAGE = (Path(__file__).parents[2] / "docs/graphs.md").read_text(encoding="utf-8")
BLOCKS = dict.fromkeys(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def block(beginning):
    (found,) = [text for _, text in BLOCKS if beginning in text]
    return found


def faults(path):
    return check_graph(path, [], default_registry(), locate=locate).faults


def test_the_graph_that_starts_from_a_recipe_holds(tmp_path):
    (tmp_path / "clinic.yaml").write_text(block("extends: phonograph://"))
    assert faults(tmp_path / "clinic.yaml") == ()


def test_the_part_holds_where_it_is_used(tmp_path):
    (tmp_path / "encoder.yaml").write_text(block("# encoder.yaml"))
    nodes = block("head:    {module: asr.ctc_head, from: encoder.encoded}")
    text = f"phonograph: 1\nextends: phonograph://asr/quartznet-5x5\nmodules:\n{nodes}"
    (tmp_path / "graph.yaml").write_text(text)
    assert faults(tmp_path / "graph.yaml") == ()


def test_the_part_among_arguments_holds(tmp_path):
    nodes = block("block: {module: asr.recurrent") + "  head: {from: layers.encoded}\n"
    text = f"phonograph: 1\nextends: phonograph://asr/quartznet-5x5\nmodules:\n{nodes}"
    (tmp_path / "graph.yaml").write_text(text.replace("d_model: 256", "d_model: 1024"))
    assert faults(tmp_path / "graph.yaml") == ()


def test_the_python_runs(capsys):
    code = block("from phonograph.graphs.graph import Graph")
    exec(compile(code, "graphs.md", "exec"), {})
    assert "module: asr.log_mel" in capsys.readouterr().out
