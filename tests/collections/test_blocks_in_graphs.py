"""Modules that combine, pool and adapt, wired together in graphs that train."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import phonograph
from phonograph.collections import default_registry
from phonograph.graphs.check import check_document, load_graph
from phonograph.graphs.document import parse_document
from phonograph.graphs.model import build
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
STEPS = 8
GRAPH = """\
phonograph: 1
name: mix
modules:
  data:
    module: asr.manifest
    with:
      train: short.jsonl
      sample_rate: 16000
      tokenizer: {{type: characters, alphabet: " abcdefghijklmnopqrstuvwxyz'"}}
{nodes}
  loss: {{module: asr.ctc_loss, from: {{log_probs: head.log_probs, targets: data.tokens}}}}
  text: {{module: asr.ctc_greedy, from: head.log_probs}}
views:
  train: {{run: [loss.loss]}}
  infer: {{feed: [data.audio], run: [text.text]}}
"""
LAYERS = """\
  narrow: {module: adapt.resample, from: data.audio, with: {rate: 8000}}
  mel: {module: asr.log_mel, from: narrow.audio, with: {n_mels: 20}}
  stacked: {module: combine.stack_frames, from: mel.features, with: {frames: 4, stride: 2}}
  low: {module: asr.recurrent, from: stacked.encoded, with: {d_model: 24}}
  high: {module: asr.recurrent, from: low.encoded, with: {d_model: 24}}
  skip: {module: adapt.project, from: stacked.encoded}
  deep: {module: combine.residual, from: {skip: skip.encoded, branch: high.encoded}}
  layers: {module: combine.weighted_layers, from: [low.encoded, high.encoded, deep.encoded]}
  gate: {module: combine.gate, from: {first: layers.encoded, second: low.encoded}}
  total: {module: combine.sum, from: [gate.encoded, low.encoded]}
  wide: {module: combine.concatenate, from: [total.encoded, stacked.encoded]}
  pooled: {module: pool.time, from: wide.encoded, with: {of: max}}
  head: {module: asr.ctc_head, from: pooled.encoded}
"""
TWO_ENCODERS = """\
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 20}}
  fast: {module: asr.conformer, from: mel.features, with: {d_model: 16, layers: 1, stride: 2}}
  slow: {module: asr.conformer, from: mel.features, with: {d_model: 16, layers: 1, stride: 4}}
  both: {module: combine.sum, from: [fast.encoded, slow.encoded]}
  head: {module: asr.ctc_head, from: both.encoded}
"""
OF_TWO_KINDS = """\
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 20}}
  first: {module: asr.conformer, from: mel.features, with: {d_model: 16, layers: 1, stride: 2}}
  second:
    module: asr.conv_encoder
    from: mel.features
    with: {blocks: [{filters: 24, kernel: 5, stride: 2}]}
  both: {module: combine.concatenate, from: [first.encoded, second.encoded]}
  head: {module: asr.ctc_head, from: both.encoded}
"""


def said(nodes: str) -> str:
    document = parse_document(GRAPH.format(nodes=nodes), "mix.yaml", Path())
    return "\n".join(map(str, check_document(document, default_registry()).faults))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with six short prompts of the training part."""
    rows = map(json.loads, (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines())
    short = [row for row in rows if row["duration"] < 2][:6]
    for row in short:
        row["audio_filepath"] = str(PROMPTS / row["audio_filepath"])
    lines = "".join(json.dumps(row) + "\n" for row in short)
    (tmp_path / "short.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, nodes: str) -> SolvedGraph:
    path = folder / "mix.yaml"
    path.write_text(GRAPH.format(nodes=nodes), encoding="utf-8")
    return load_graph(path, [], default_registry())


@pytest.mark.parametrize("nodes", [LAYERS, OF_TWO_KINDS], ids=["all blocks", "two encoders"])
def test_a_graph_of_blocks_learns_and_writes_text(folder, nodes):
    model = build(loaded(folder, nodes))
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(len(dataset))])
    view = model.view("train")
    given = {port: batch[port.port] for port in view.view.inputs}
    optimizer = torch.optim.AdamW(model.module.parameters(), lr=5e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = view(given)[PortName("loss", "loss")]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-2:]) < 0.8 * losses[0]
    assert all(weight.grad is not None for weight in model.module.parameters())
    model.module.eval()
    infer = model.view("infer")
    with torch.no_grad():
        texts = infer({port: batch[port.port] for port in infer.view.inputs})
    assert len(texts[PortName("text", "text")]) == len(dataset)


def test_widths_are_solved_through_every_block(folder):
    nodes = loaded(folder, LAYERS).nodes
    widths = {name: nodes[name].parameters["feat_in"] for name in ("low", "skip", "gate", "head")}
    assert widths == {"low": 80, "skip": 80, "gate": 24, "head": 104}
    assert nodes["layers"].parameters["layers"] == 3
    assert nodes["skip"].parameters["width"] == 24
    assert nodes["mel"].parameters["sample_rate"] == 8000


def test_a_width_behind_a_stack_and_a_sum_decides_what_stands_before():
    nodes = (
        "  mel: {module: asr.log_mel, from: data.audio}\n"
        "  stacked: {module: combine.stack_frames, from: mel.features}\n"
        "  wide: {module: combine.concatenate, from: [stacked.encoded, stacked.encoded]}\n"
        "  head: {module: asr.ctc_head, from: wide.encoded, with: {feat_in: 180}}\n"
    )
    document = parse_document(GRAPH.format(nodes=nodes), "mix.yaml", Path())
    graph = check_document(document, default_registry()).graph
    assert graph is not None
    assert graph.nodes["mel"].parameters["n_mels"] == 30


def test_time_goes_on_behind_blocks(folder):
    nodes = loaded(folder, LAYERS).nodes
    port = nodes["head"].outputs["log_probs"]
    assert str(port.sizes[1]) == "ceil((floor(ceil(S/2)/80)+1)/4)"


def test_encoders_of_different_strides_do_not_add_up():
    assert said(TWO_ENCODERS) == (
        "error[PG022]: the inputs of `both` must have one length\n"
        "   --> mix.yaml:13:52\n"
        "    |\n"
        " 13 |   both: {module: combine.sum, from: [fast.encoded, slow.encoded]}\n"
        "    |                                                    ^^^^^^^^^^^^\n"
        "    = slow.encoded has ceil((floor(S/160)+1)/4) steps (data.S, 25 per second)\n"
        "    = fast.encoded has ceil((floor(S/160)+1)/2) steps (data.S, 50 per second)\n"
        "    = help: wire outputs that are equally long for every utterance"
    )


def test_a_pool_in_between_makes_them_equally_long():
    pooled = "  pooled: {module: pool.time, from: fast.encoded}\n"
    assert said(pooled + TWO_ENCODERS.replace("[fast.encoded", "[pooled.encoded")) == ""


def test_a_setting_that_is_wrong_gives_one_fault():
    nodes = (
        "  mel: {module: asr.log_mel, from: data.audio}\n"
        "  stack: {module: combine.stack_frames, from: mel.features, with: {frames: three}}\n"
        "  head: {module: asr.ctc_head, from: stack.encoded}\n"
    )
    assert said(nodes) == (
        'error[PG015]: `frames` of `stack` wants a whole number, got the text "three"\n'
        "   --> mix.yaml:11:76\n"
        "    |\n"
        " 11 |   stack: {module: combine.stack_frames, from: mel.features, with: {frames: three}}\n"
        "    |                                                                            ^^^^^"
    )
