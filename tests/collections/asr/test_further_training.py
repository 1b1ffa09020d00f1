"""An imported model is trained further, with another vocabulary after two changed lines."""

import importlib.util
import io
import json
from pathlib import Path

import pytest
import torch
import yaml
from sentencepiece import SentencePieceTrainer

import phonograph
from phonograph.collections import default_metrics, default_registry
from phonograph.collections.asr.foreign import read_foreign
from phonograph.collections.asr.further_training import further_training
from phonograph.data.sentencepiece_tokenizer import packed
from phonograph.graphs.bundle import read_bundle, save_bundle
from phonograph.graphs.check import check_document, check_graph
from phonograph.graphs.lock import read_lock
from phonograph.training.fit import fit

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
MAKER = Path(__file__).parent / "nemo/conftest.py"
OLD = "tokenizer: {type: characters, alphabet: ' abcdefghijklmnopqrstuvwxyz'''}"
NEW = "tokenizer: {type: characters, alphabet: ' abcdefghijklmnopqrstuvwxyz'}"


@pytest.fixture
def foreign(tmp_path):
    spec = importlib.util.spec_from_file_location("nemo_maker", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    members = {
        "model_config.yaml": yaml.safe_dump(maker.configuration()).encode(),
        "model_weights.ckpt": maker.saved(maker.weights()),
    }
    return read_foreign(str(maker.write_tar(tmp_path / "tiny.nemo", members)))


@pytest.fixture
def bundle(foreign, tmp_path) -> Path:
    checked = check_document(read_lock(dict(foreign.graph), "x"), default_registry())
    assert checked.graph is not None
    save_bundle(tmp_path / "tiny.phono", checked.graph, foreign.weights, {})
    return tmp_path / "tiny.phono"


@pytest.fixture
def manifest(tmp_path) -> str:
    """Write the shipped prompts that are short."""
    rows = [json.loads(line) for line in (PROMPTS / "train.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["duration"] < 1.5 and "'" not in row["text"]][:8]
    for row in rows:
        row["audio_filepath"] = str(PROMPTS / row["audio_filepath"])
    path = tmp_path / "short.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def train(text, folder, manifest):
    """Train for three steps; return what was said, and the last bundle's weights."""
    path = folder / "further.yaml"
    path.write_text(text, encoding="utf-8")
    overrides = [
        f"modules.data.with.train={manifest}",
        f"modules.data.with.validation={manifest}",
        "modules.data.with.batch_seconds=6",
        "train.trainer.max_steps=3",
        "train.trainer.accelerator=cpu",
        "train.threads=1",
    ]
    checked = check_graph(path, overrides, default_registry(), metrics=default_metrics())
    assert checked.faults == ()
    assert checked.graph is not None
    said: list[str] = []
    result = fit(
        checked.graph,
        default_registry(),
        folder / "run",
        metrics=default_metrics(),
        say=said.append,
    )
    assert result.steps == 3
    return said, read_bundle(result.last, default_registry()).weights


def test_another_vocabulary_is_two_changed_lines(foreign, bundle, tmp_path, manifest):
    text = further_training(foreign.graph, bundle, tmp_path / "further.yaml").text
    assert text.count(OLD) == text.count("init: {from: tiny.phono}") == 1
    changed = text.replace(OLD, NEW).replace(
        "{from: tiny.phono}", "{from: tiny.phono, exclude: [head]}"
    )
    said, weights = train(changed, tmp_path, manifest)
    assert any(line.startswith("starts anew") and "head" in line for line in said)
    assert any(line.startswith("reused") and "encoder" in line for line in said)
    assert weights["head.linear.bias"].shape == (28,)


def test_the_same_vocabulary_needs_no_change(foreign, bundle, tmp_path, manifest):
    text = further_training(foreign.graph, bundle, tmp_path / "further.yaml").text
    _, weights = train(text, tmp_path, manifest)
    before = foreign.weights["head.linear.weight"]
    after = weights["head.linear.weight"]
    assert 0 < float((after - before).abs().max()) < 0.1


def test_another_vocabulary_on_the_old_head_is_refused(foreign, bundle, tmp_path, manifest):
    text = further_training(foreign.graph, bundle, tmp_path / "further.yaml").text
    with pytest.raises(phonograph.errors.GraphError, match="head"):
        train(text.replace(OLD, NEW), tmp_path, manifest)


def test_pieces_lie_beside_the_graph(foreign, tmp_path):
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat"] * 3),
        model_writer=written,
        vocab_size=20,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    graph = json.loads(json.dumps(foreign.graph))
    content = packed(written.getvalue())
    graph["modules"]["data"]["with"]["tokenizer"] = {"type": "sentencepiece", "content": content}
    recipe = further_training(graph, tmp_path / "a/b.phono", tmp_path / "c/d.yaml")
    data = yaml.safe_load(recipe.text)
    assert data["modules"]["data"]["with"]["tokenizer"]["model"] == "d.model"
    assert data["init"] == {"from": "../a/b.phono"}
    assert recipe.pieces == written.getvalue()
    (tmp_path / "c").mkdir()
    (tmp_path / "c/d.yaml").write_text(recipe.text, encoding="utf-8")
    (tmp_path / "c/d.model").write_bytes(written.getvalue())
    checked = check_graph(tmp_path / "c/d.yaml", [], default_registry())
    assert checked.faults == ()


def test_a_graph_without_a_loss_is_refused(foreign, tmp_path):
    graph = {**foreign.graph, "views": {}}
    with pytest.raises(ValueError, match="the graph has no loss"):
        further_training(graph, tmp_path / "a.phono", tmp_path / "a.yaml")


def test_weights_are_finite_after_training(foreign, bundle, tmp_path, manifest):
    text = further_training(foreign.graph, bundle, tmp_path / "further.yaml").text
    _, weights = train(text, tmp_path, manifest)
    assert all(bool(torch.isfinite(value.float()).all()) for value in weights.values())
