"""The comparison with NeMo's own outputs notices every array that is not as it should be."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from phonograph.collections.asr.hypothesis import Hypothesis

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("PHONOGRAPH_FIXTURES", "../shared/fixtures"))
CHECKPOINTS = sorted(SHARED.glob("*/model.nemo"))
MAKER = ROOT / "tests/collections/asr/nemo/conftest.py"
PADDED = ("features", "encoded", "log_probs", "greedy")
EVERY = ["audio", "audio_len", "features", "features_len", "encoded", "encoded_len", "log_probs"]
EVERY += ["targets", "target_len", "loss", "greedy", "enc_block0", "enc_block1"]


@pytest.fixture
def script(load_script):
    return load_script("verify_nemo")


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    spec = importlib.util.spec_from_file_location("nemo_maker", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    members = {
        "model_config.yaml": yaml.safe_dump(maker.configuration()).encode(),
        "model_weights.ckpt": maker.saved(maker.weights()),
    }
    return maker.write_tar(tmp_path / "tiny.nemo", members)


@pytest.fixture
def reference(script, checkpoint) -> dict[str, torch.Tensor]:
    """What NeMo would give, padded with what must not matter."""
    given = {
        "audio": 0.1 * torch.randn(2, 8000),
        "audio_len": torch.tensor([8000, 5000]),
        "targets": torch.tensor([[1, 2, 3], [4, 5, 0]]),
        "target_len": torch.tensor([3, 2]),
    }
    stages = script.run_model(checkpoint, given).stages
    arrays = {name: stage.value for name, stage in stages.items() if name in EVERY}
    for name in PADDED:
        axis, value = (1 if name in ("log_probs", "greedy") else 2), arrays[name]
        room = torch.full_like(value.narrow(axis, 0, 1), 7)
        arrays[name] = torch.cat([value, room], axis)
        frames = int(arrays["features_len" if name == "features" else "encoded_len"][1])
        arrays[name][1].narrow(axis - 1, frames, value.shape[axis] - frames).fill_(7)
    return {**given, **arrays}


def run(script, monkeypatch, checkpoint, arrays, *options) -> int:
    path = checkpoint.with_name("reference.npz")
    np.savez(path, **{name: value.numpy() for name, value in arrays.items()})
    line = ["verify_nemo.py", str(checkpoint), str(path), *map(str, options)]
    monkeypatch.setattr(sys, "argv", line)
    return script.main()


def test_padding_is_not_compared(script, monkeypatch, checkpoint, reference, capsys):
    assert run(script, monkeypatch, checkpoint, reference) == 0
    told = capsys.readouterr().out
    assert "DIFFERS" not in told
    assert "features" in told


@pytest.mark.parametrize("name", EVERY)
def test_a_change_in_any_array_is_noticed(script, monkeypatch, checkpoint, reference, name, capsys):
    value = reference[name].clone()
    step = 1 if value.dtype == torch.int64 else 2e-3
    value[(0,) * value.ndim] += -step if name.endswith("_len") else step
    if name == "loss":
        value += 0.1
    assert run(script, monkeypatch, checkpoint, {**reference, name: value}) == 1
    assert "DIFFERS" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["features", "encoded", "log_probs", "loss"])
def test_what_is_not_finite_differs(script, monkeypatch, checkpoint, reference, name):
    value = reference[name].clone()
    value[(0,) * value.ndim] = float("nan")
    assert run(script, monkeypatch, checkpoint, {**reference, name: value}) == 1


@pytest.mark.parametrize("name", ["features", "encoded", "log_probs"])
def test_a_stage_that_is_missing_or_of_another_width_fails(
    script, monkeypatch, checkpoint, reference, name, capsys
):
    rest = {key: value for key, value in reference.items() if key != name}
    assert run(script, monkeypatch, checkpoint, rest) == 1
    assert "MISSING" in capsys.readouterr().out
    narrow = reference[name][..., :-1] if name == "log_probs" else reference[name][:, :-1]
    assert run(script, monkeypatch, checkpoint, {**rest, name: narrow}) == 1


def test_what_is_not_known_is_named_and_not_compared(
    script, monkeypatch, checkpoint, reference, capsys
):
    more = {**reference, "attention_map": torch.ones(2)}
    assert run(script, monkeypatch, checkpoint, more, "--json") == 0
    rows = {row["stage"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["attention_map"]["verdict"] == "not compared"
    assert rows["features"] == {"stage": "features", "difference": 0.0, "verdict": "agrees"}


def test_our_arrays_are_written_in_the_references_shapes(
    script, monkeypatch, checkpoint, reference, tmp_path
):
    assert run(script, monkeypatch, checkpoint, reference, "--dump", tmp_path / "ours.npz") == 0
    with np.load(tmp_path / "ours.npz") as ours:
        for name in ("features", "features_len", "encoded", "encoded_len", "log_probs"):
            assert ours[name].shape == tuple(reference[name].shape)
        assert not ours["features"][:, :, -1].any()


def test_a_text_beside_the_reference_is_compared(script, monkeypatch, checkpoint, reference):
    texts = script.run_model(checkpoint, reference).texts[0]
    meta = checkpoint.with_name("meta.json")
    meta.write_text(json.dumps({"greedy_text": list(texts)}))
    assert run(script, monkeypatch, checkpoint, reference) == 0
    meta.write_text(json.dumps({"greedy_text": ["something", "else"]}))
    assert run(script, monkeypatch, checkpoint, reference) == 1


@pytest.mark.parametrize("content", [b"", b"no arrays", None])
def test_a_reference_that_is_none_is_told(
    script, monkeypatch, checkpoint, content, tmp_path, capsys
):
    path = tmp_path / "bad.npz"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["verify_nemo.py", str(checkpoint), str(path)])
    assert script.main() == 1
    assert "cannot read" in capsys.readouterr().err
    np.savez(path, features=np.ones(3))
    assert script.main() == 1
    assert "has no `audio` and `audio_len`" in capsys.readouterr().err


def test_a_checkpoint_that_cannot_be_imported_is_told(
    script, monkeypatch, checkpoint, reference, capsys
):
    checkpoint.write_bytes(b"x")
    assert run(script, monkeypatch, checkpoint, reference) == 1
    assert "error[PB030]" in capsys.readouterr().err


@pytest.mark.skipif(not CHECKPOINTS, reason="the reference checkpoints are not here")
@pytest.mark.parametrize("path", CHECKPOINTS, ids=[path.parent.name for path in CHECKPOINTS])
def test_the_reference_checkpoints_agree_and_every_array_counts(script, monkeypatch, path, capsys):
    reference = script.read_reference(path.with_name("reference.npz"))
    stages = script.run_model(path, reference).stages
    rows = script.compare(stages, reference)
    assert [row for row in rows if row.verdict in (script.DIFFERS, script.MISSING)] == []
    for name, value in reference.items():
        changed = value.clone()
        if changed.dtype == torch.int64:
            first = (0,) * changed.ndim
            changed[first] += -1 if changed[first] else 1
        else:
            changed += 0.01 * changed.abs().max()
        other = {**reference, name: changed}
        fed = name in script.INPUTS
        rows = script.compare(script.run_model(path, other).stages if fed else stages, other)
        assert script.DIFFERS in [row.verdict for row in rows], name


def test_an_empty_text_is_compared_too(script, tmp_path):
    tmp_path.joinpath("meta.json").write_text(json.dumps({"greedy_text": ["", "a ."]}))
    rows = script.compare_texts(tmp_path / "reference.npz", [["b", ""], ["", "a."]])
    assert [row.verdict for row in rows] == [script.AGREES]


def test_spare_spaces_beside_unknown_pieces_do_not_matter(script):
    unknown = "\u2047"
    assert script.as_shown(f"a {unknown}  {unknown} b") == script.as_shown(
        f"a {unknown} {unknown} b"
    )


def test_texts_with_durations_are_compared_as_nemo_shows_them(load_script):
    stages = load_script("nemo_stages")
    said = [Hypothesis("abc", (0, 1, 2), -1.0, ())]
    assert stages.shown_labels(["a", "b", "c"], 1, said) == ["ab"]
