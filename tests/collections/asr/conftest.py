"""Recipes made small, with shipped prompts to hear.

`small_recipes.yaml` names the overrides that make a recipe small; its kind of layers and wires
stays. Recipes with pieces get a piece model that is trained on the shipped texts.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import phonograph
from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.graphs.solved import SolvedGraph

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
MINI = yaml.safe_load(Path(__file__).with_name("small_recipes.yaml").read_text(encoding="utf-8"))
SHORT = 2.0  # seconds


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
def short_prompts(tmp_path_factory) -> Path:
    """Six short prompts of the training part."""
    rows = map(json.loads, (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines())
    short = [row for row in rows if row["duration"] < SHORT][:6]
    for row in short:
        row["audio_filepath"] = str(PROMPTS / row["audio_filepath"])
    path = tmp_path_factory.mktemp("short") / "short.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in short), encoding="utf-8")
    return path


@pytest.fixture
def small_recipe(short_prompts: Path, pieces: Path) -> Callable[[str], SolvedGraph]:
    """Load a recipe, made small, on the short prompts."""

    def loaded(recipe: str, *more: str) -> SolvedGraph:
        path, name = locate(f"phonograph://{recipe}")
        data = [f"modules.data.with.{part}={short_prompts}" for part in ("train", "validation")]
        if "type: sentencepiece" in path.read_text(encoding="utf-8"):
            data.append(f"modules.data.with.tokenizer.model={pieces}")
        return load_graph(path, [*data, *MINI[recipe], *more], default_registry(), name=name)

    return loaded
