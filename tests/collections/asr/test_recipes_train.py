"""Every recipe, made small, learns from the shipped prompts and writes text.

A row names the overrides that make a recipe small; its kind of layers and wires stays. Recipes with
pieces get a piece model that is trained on the shipped texts.
"""

import io
import json
from pathlib import Path

import pytest
import torch
import yaml

import phonograph
from phonograph.collections import default_registry
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
SHORT = 2.0  # seconds
STEPS = 6

MINI = yaml.safe_load(Path(__file__).with_name("small_recipes.yaml").read_text(encoding="utf-8"))
NOT_HERE = {"asr/prompts"}  # trained by the quick start, from a checkpoint of an optional package


def shipped_texts() -> list[str]:
    lines = (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


@pytest.fixture(scope="session")
def pieces(tmp_path_factory) -> Path:
    """A model of 64 pieces."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(shipped_texts()),
        model_writer=written,
        vocab_size=64,
        model_type="bpe",
        minloglevel=2,
        bos_id=-1,
        eos_id=-1,
    )
    path = tmp_path_factory.mktemp("pieces") / "pieces.model"
    path.write_bytes(written.getvalue())
    return path


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    """Six short prompts of the training part."""
    rows = map(json.loads, (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines())
    short = [row for row in rows if row["duration"] < SHORT][:6]
    for row in short:
        row["audio_filepath"] = str(PROMPTS / row["audio_filepath"])
    path = tmp_path_factory.mktemp("short") / "short.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in short), encoding="utf-8")
    return path


def overrides(recipe: str, manifest: Path, pieces: Path) -> list[str]:
    path, _ = locate(f"phonograph://{recipe}")
    common = [f"modules.data.with.train={manifest}", f"modules.data.with.validation={manifest}"]
    if "type: sentencepiece" in path.read_text(encoding="utf-8"):
        common.append(f"modules.data.with.tokenizer.model={pieces}")
    return [*common, *MINI[recipe]]


def test_every_recipe_has_a_row():
    assert sorted([*MINI, *NOT_HERE]) == recipe_names()


@pytest.mark.parametrize("recipe", sorted(MINI))
def test_a_small_form_learns_and_writes_text(recipe, manifest, pieces):
    path, name = locate(f"phonograph://{recipe}")
    graph = load_graph(path, overrides(recipe, manifest, pieces), default_registry(), name=name)
    model = build(graph)
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(len(dataset))])
    view = model.view("train")
    given = {port: batch[port.port] for port in view.view.inputs}
    optimizer = torch.optim.AdamW(model.module.parameters(), lr=2e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = view(given)[PortName("loss", "loss")]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-2:]) < losses[0]
    assert all(weight.grad is not None for weight in model.module.parameters())
    model.module.eval()
    infer = model.view("infer")
    with torch.no_grad():
        said = infer({port: batch[port.port] for port in infer.view.inputs})
    assert len(said[PortName("text", "text")]) == len(dataset)
