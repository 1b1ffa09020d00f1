"""Training starts from an imported model, with other letters than it had."""

import json
from pathlib import Path

import pytest
import torch

import phonograph
from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.fine_tune import start_from
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"

TINY = (
    "modules.encoder.with={d_model: 16, layers: 2, "
    "convs: {widths: [6, 8, 8], kernels: [10, 3, 2], strides: [5, 3, 2]}, "
    "positions: {kernel: 6, groups: 2}, block: {heads: 2, middle: 20}}"
)


@pytest.fixture
def graph(goldens, imported, tmp_path):
    """The recipe on four short prompts, made as small as its checkpoint."""
    model = imported(goldens / "wav2vec2")
    save_bundle(tmp_path / "start.phono", model.graph, model.module.state_dict(), {})
    rows = map(json.loads, (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines())
    short = [row for row in rows if row["duration"] < 1.2][:4]
    for row in short:
        row["audio_filepath"] = str(PROMPTS / row["audio_filepath"])
    lines = "".join(json.dumps(row) + "\n" for row in short)
    manifest = tmp_path / "short.jsonl"
    manifest.write_text(lines, encoding="utf-8")
    path, name = locate("phonograph://asr/wav2vec2-base")
    own = [f"modules.data.with.{split}={manifest}" for split in ("train", "validation")]
    start = f"init.from={tmp_path / 'start.phono'}"
    return load_graph(path, [*own, TINY, start], default_registry(), name=name)


def test_an_imported_encoder_learns_the_shipped_prompts_with_a_new_head(graph, goldens, imported):
    model = build(graph)
    told = start_from(model, default_registry())
    assert told[0].startswith("reused: encoder (")
    assert told[1] == "starts anew (excluded): head (2 tensors)"
    assert model.modules["head"].linear.out_features == 29
    before = imported(goldens / "wav2vec2").modules["encoder"].state_dict()
    after = model.modules["encoder"].state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    losses = []
    free = [weight for weight in model.module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(free, lr=5e-3)
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(len(dataset))])
    view = model.view("train")
    for _ in range(6):
        optimizer.zero_grad()
        loss = view({port: batch[port.port] for port in view.view.inputs})
        loss[PortName("loss", "loss")].backward()
        optimizer.step()
        losses.append(float(loss[PortName("loss", "loss")].detach()))
    assert losses[-1] < 0.9 * losses[0]
    kept = model.modules["encoder"].convs.state_dict()
    assert all(torch.equal(kept[name], before[f"convs.{name}"]) for name in kept)
