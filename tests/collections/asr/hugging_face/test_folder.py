"""Files of a folder are bounded, and are sought nowhere else."""

import json

import pytest
import torch
from safetensors.torch import save_file

from phonograph.collections.asr.hugging_face import folder as reading
from phonograph.collections.asr.hugging_face.folder import (
    read_json,
    read_json_settings,
    read_weights,
)
from phonograph.errors import BundleError


@pytest.fixture
def told(tmp_path):
    def of(read, *arguments):
        with pytest.raises(BundleError) as caught:
            read(tmp_path, *arguments)
        return str(caught.value).replace(str(tmp_path), "FOLDER")

    return of


def save_shards(folder, placed, found=None):
    """Write an index, and files with the tensors it places or with others."""
    index = {"metadata": {}, "weight_map": placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for file in {place for place in (found or placed).values() if "/" not in place}:
        names = [name for name, place in (found or placed).items() if place == file]
        save_file({name: torch.ones(2) for name in names}, folder / file)


def test_shards_are_put_together(tmp_path):
    save_shards(tmp_path, {"a": "m-1.safetensors", "b": "m-2.safetensors"})
    assert sorted(read_weights(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    "place", ["../m.safetensors", "/etc/m.safetensors", "sub/m.safetensors", "..\\m", "m.bin", ""]
)
def test_an_index_does_not_lead_out_of_the_folder(tmp_path, told, place):
    save_shards(tmp_path, {"a": place}, {"a": "m.safetensors"})
    assert f"`{place}` is not a .safetensors file beside it" in told(read_weights)


def test_shards_that_do_not_hold_what_the_index_says_are_refused(tmp_path, told):
    file = "m-1.safetensors"
    save_shards(tmp_path, {"a": file, "b": file}, {"a": file})
    assert "error[PB041]: cannot import it: it lacks `b`" in told(read_weights)
    save_shards(tmp_path, {"a": file}, {"a": file, "c": file})
    assert "it has, against the index, `c`" in told(read_weights)


def test_an_index_without_a_map_is_refused(tmp_path, told):
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": 1}}')
    assert "its `weight_map` must name a file for each tensor" in told(read_weights)


def test_pickled_weights_are_refused_with_what_to_do(tmp_path, told):
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK")
    assert told(read_weights) == (
        "error[PB040]: cannot import it: it has no model.safetensors\n"
        "  --> FOLDER\n"
        "   = help: convert it where transformers is installed: transformers.AutoModelForCTC"
        ".from_pretrained(FOLDER).save_pretrained(FOLDER)"
    )


def test_damaged_weights_are_refused(tmp_path, told):
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 40)
    assert "error[PB040]: cannot import it: it is damaged" in told(read_weights)


def test_numbers_become_float32_and_counts_stay_whole(tmp_path):
    tensors = {"a": torch.ones(1, dtype=torch.bfloat16), "n": torch.ones(1, dtype=torch.int64)}
    save_file(tensors, tmp_path / "model.safetensors")
    found = read_weights(tmp_path)
    assert (found["a"].dtype, found["n"].dtype) == (torch.float32, torch.int64)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "it is not JSON: "),
        (b"[1]", "it must hold a mapping"),
        (b'{"a": 1', "it is not JSON: "),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b'{"a": ["\\ud83d"]}', r"it has half a character, \ud83d"),
    ],
)
def test_what_is_no_mapping_in_json_is_refused(tmp_path, told, content, reason):
    (tmp_path / "vocab.json").write_bytes(content)
    assert reason in told(read_json, "vocab.json")


def test_a_missing_or_endless_file_is_refused(tmp_path, told, monkeypatch):
    assert "No such file or directory" in told(read_json, "vocab.json")
    monkeypatch.setattr(reading, "_MAX_JSON_BYTES", 10)
    (tmp_path / "vocab.json").write_text(json.dumps({"a": "b" * 20}))
    assert "it has more than 10 bytes" in told(read_json, "vocab.json")


def test_settings_are_bounded_too(tmp_path, told):
    (tmp_path / "config.json").write_text("[" * 50 + "]" * 50)
    assert "nested more than 40 levels deep" in told(read_json_settings, "config.json")
    (tmp_path / "config.json").write_text('{"a": 1, "a": 2}')
    assert "the key `a` is given twice" in told(read_json_settings, "config.json")
