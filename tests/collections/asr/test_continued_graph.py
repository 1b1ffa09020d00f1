import json
import re
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.collections.asr.continued_graph import continued
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.check import check_document, load_graph
from phonograph.graphs.lock import read_lock, to_lock

REGISTRY = default_registry()
KNOWN = {"sample_rate": 16000, "tokenizer": {"type": "characters", "alphabet": "abc "}}


def recipe(name):
    """Load a recipe, with as many letters as it has pieces."""
    path, title = locate(f"phonograph://{name}")
    text = path.read_text(encoding="utf-8")
    pieces = re.search(r"vocab: (\d+)", text)
    letters = "".join(chr(0x4E00 + number) for number in range(int(pieces[1]) if pieces else 0))
    written = json.dumps({"type": "characters", "alphabet": letters}, ensure_ascii=False)
    overrides = [f"modules.data.with.tokenizer={written}"] if "sentencepiece" in text else []
    return load_graph(path, overrides, REGISTRY, name=title, locate=locate)


def as_in_a_bundle(graph):
    """Read a graph back from its lock, in which every setting is written out."""
    read = check_document(read_lock(to_lock(graph), "a.phono"), REGISTRY).graph
    assert read is not None
    return read


NAMES = [name for name in recipe_names() if "matchboxnet" not in name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_of_a_recipe_is_the_same_encoder(name, tmp_path):
    before = recipe(name)
    kept = continued(before)
    modules = {
        "data": {"module": "asr.manifest", "with": {**KNOWN, "sample_rate": kept.sample_rate}},
        **dict(kept.nodes),
        "head": {"module": "asr.ctc_head", "from": kept.encoded},
        "loss": {
            "module": "asr.ctc_loss",
            "from": {"log_probs": "head.log_probs", "targets": "data.tokens"},
        },
    }
    graph = {"phonograph": 1, "modules": modules, "views": {"train": {"run": ["loss.loss"]}}}
    path = Path(tmp_path / "graph.yaml")
    path.write_text(json.dumps(graph), encoding="utf-8")
    after = load_graph(path, [], REGISTRY)
    for node, _ in kept.nodes:
        assert after.nodes[node].parameters == before.nodes[node].parameters
    assert [name for name, _ in kept.nodes][-1] == kept.encoded.partition(".")[0]


def test_only_what_differs_from_the_defaults_is_written():
    graph = recipe("asr/prompts")
    kept = continued(as_in_a_bundle(graph))
    assert kept.nodes[0] == (
        "mel",
        {"module": "asr.stored_log_mel", "from": "data.audio", "with": {"precision": "half"}},
    )
    assert kept.nodes[1][1]["with"] == {
        "layers": 4,
        "stride": 2,
        "subsampling": "conv1d",
        "block": {"positions": "none", "norm": "none"},
    }
    assert kept.with_weights == ("encoder", "join", "context")
    assert (kept.encoded, kept.sample_rate) == ("context.encoded", 16000)


def test_what_is_kept_of_a_transducer_hears_no_tokens():
    graph = recipe("asr/conformer-transducer-small")
    assert continued(graph).encoded == "encoder.encoded"


def test_a_graph_without_an_encoder_cannot_be_continued(tmp_path):
    path = Path(tmp_path / "graph.yaml")
    data = {"module": "asr.manifest", "with": KNOWN}
    path.write_text(json.dumps({"phonograph": 1, "modules": {"data": data}}), encoding="utf-8")
    with pytest.raises(ValueError, match="no node of its graph encodes sound"):
        continued(load_graph(path, [], REGISTRY))
