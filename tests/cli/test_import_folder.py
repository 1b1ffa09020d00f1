"""Folders of Hugging Face's and models of torchaudio's, imported as a user does it."""

import shutil
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parents[1] / "collections/asr/hugging_face/goldens"


@pytest.mark.parametrize("name", ["wav2vec2", "hubert", "parakeet"])
def test_a_folder_becomes_a_bundle_that_transcribes_and_can_be_trained(run, record, name):
    done = run("import", str(GOLDENS / name), "x.phono", "--graph", "further.yaml")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "start from it:  phonograph train further.yaml"
    assert run("check", "further.yaml").exit_code == 0
    assert run("transcribe", "x.phono", str(record("a.wav", rate=16000))).exit_code == 0


def test_of_a_folder_with_unsupported_settings_nothing_is_written(run, here):
    shutil.copytree(GOLDENS / "hubert", here / "hubert")
    configuration = here / "hubert" / "config.json"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace('"hidden_act": "gelu"', '"hidden_act": "selu"'))
    before = sorted(here.iterdir())
    done = run("import", "hubert", "x.phono")
    assert done.exit_code == 1
    assert 'error[PB031]: `hidden_act` is the text "selu", which is not supported' in done.stderr
    assert "hubert/config.json:37:3" in done.stderr
    assert sorted(here.iterdir()) == before


def test_weights_that_torchaudio_has_not_fetched_are_told(run, here):
    done = run("import", "torchaudio:HUBERT_BASE:none.pth", "x.phono")
    assert done.exit_code == 1
    assert "there is no file with the weights of HUBERT_BASE" in done.stderr
    assert list(here.iterdir()) == []
