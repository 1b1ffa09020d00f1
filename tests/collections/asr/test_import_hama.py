"""The pretrained Conformer-CTC of `hama`, held against the package's own inference."""

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.nn import functional

from phonograph.collections.asr import MODULES, import_hama
from phonograph.collections.asr.hama_container import read_container
from phonograph.collections.asr.import_hama import read_hama
from phonograph.errors import BundleError, MissingExtraError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.types.registry import Registry

SPEECH = Path(import_hama.__file__).parent / "recipes" / "prompts"
SAMPLES = 12
RATE = 16000

needs_hama = pytest.mark.skipif(
    importlib.util.find_spec("hama") is None,
    reason='the optional package is not installed: pip install "phonograph[hama]"',
)


def test_without_the_package_a_user_reads_how_to_get_it(monkeypatch):
    monkeypatch.setattr(import_hama, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        read_hama()
    assert str(caught.value) == (
        "error[PB010]: the package `hama` is not installed\n"
        '   = help: pip install "phonograph[hama]"'
    )


def refusal(path, monkeypatch):
    monkeypatch.setattr(import_hama, "_installed_version", lambda: ("hama 1.6.0 is installed",))
    with pytest.raises(BundleError) as caught:
        read_hama(path)
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    path = tmp_path / "asr_waveform.hama"
    assert refusal(path, monkeypatch) == (
        f"error[PB011]: cannot read `{path}`: No such file or directory\n"
        "   = help: pip install --force-reinstall hama==1.7.0"
    )


def test_a_file_of_another_size_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "asr_waveform.hama"
    path.write_bytes(b"HAMAPK\x01\x02")
    assert refusal(path, monkeypatch) == (
        f"error[PB012]: `{path}` is not the asr_waveform.hama of hama 1.7.0\n"
        "   = its size is 8 bytes; 4723088 are expected\n"
        "   = hama 1.6.0 is installed\n"
        "   = help: pip install --force-reinstall hama==1.7.0"
    )


def test_a_file_of_other_content_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "asr_waveform.hama"
    path.write_bytes(bytes(4_723_088))
    assert refusal(path, monkeypatch) == (
        f"error[PB012]: `{path}` is not the asr_waveform.hama of hama 1.7.0\n"
        "   = its sha256 is not "
        "a9fcfe73e179ca48e399cd76a90a6b3e1887bf5037ecc52b778d13a149563328\n"
        "   = hama 1.6.0 is installed\n"
        "   = help: pip install --force-reinstall hama==1.7.0"
    )


@pytest.fixture(scope="module")
def imported():
    graph, weights = read_hama()
    checked = check_document(read_lock(graph, "hama"), Registry(MODULES))
    assert checked.faults == ()
    assert checked.graph is not None
    model = build(checked.graph)
    model.module.load_state_dict(weights)
    model.module.eval()
    return model


@pytest.fixture(scope="module")
def stored():
    path = import_hama._installed_assets() / "asr_waveform.hama"
    return read_container(path.read_bytes(), path.name)


@pytest.fixture(scope="module")
def engine():
    from hama.asr import ASRModel

    return ASRModel()


@pytest.fixture(scope="module")
def recordings():
    lines = (SPEECH / "test.jsonl").read_text(encoding="utf-8").splitlines()
    names = [json.loads(line)["audio_filepath"] for line in lines]
    read = [
        soundfile.read(SPEECH / name, dtype="float32") for name in names[:: len(names) // SAMPLES]
    ]
    assert {rate for _, rate in read} == {RATE}
    return [audio for audio, _ in read][:SAMPLES]


def by_the_engine(engine, audio):
    feeds = {"waveform": audio[None], "waveform_lengths": np.array([len(audio)])}
    log_probs, lengths = engine.session.run(["log_probs", "out_lengths"], feeds)
    return torch.from_numpy(log_probs[0, : int(lengths[0])])


@torch.inference_mode()
def by_our_modules(model, features, lengths):
    encoded, lengths = model.modules["encoder"](features, lengths)
    return model.modules["head"](encoded)[0, : int(lengths[0])]


@torch.inference_mode()
def by_the_graph(model, audio):
    front_end = model.modules["mel"]
    features = front_end(torch.from_numpy(audio)[None], torch.tensor([len(audio)]))
    return by_our_modules(model, *features)


@needs_hama
def test_the_graph_agrees_with_the_package(imported, engine, recordings):
    """The engine rounds features to half precision: now and then that moves a frame further."""
    found = [by_the_graph(imported, audio) for audio in recordings]
    expected = [by_the_engine(engine, audio) for audio in recordings]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert torch.equal(ours.argmax(1), theirs.argmax(1))
        assert (ours - theirs).abs().mean() <= 2e-3
    distances = (torch.cat(found) - torch.cat(expected)).abs()
    assert (distances <= 2e-2).float().mean() >= 0.999


@needs_hama
def test_from_equally_rounded_features_nothing_is_far_from_the_package(
    imported, stored, engine, recordings
):
    for audio in recordings:
        features = rounded_features(stored, torch.from_numpy(audio))
        ours = by_our_modules(imported, features, torch.tensor([features.shape[2]]))
        distances = (ours - by_the_engine(engine, audio)).abs()
        assert distances.mean() <= 2e-4
        assert distances.max() <= 2e-2


def rounded_features(tensors, audio):
    """Compute features as the engine does: stored kernels, rounded to half precision."""
    padded = functional.pad(audio[None, None], (200, 200), mode="reflect")
    kernels = tensors["stft_real_kernel"], tensors["stft_imag_kernel"]
    real, imaginary = (functional.conv1d(padded, kernel, stride=160) for kernel in kernels)
    mel = tensors["mel_fb"].T @ (real.square() + imaginary.square())
    return mel.clamp(min=1e-10).log().half().float()


@needs_hama
def test_the_mel_bands_are_those_of_the_package(imported, stored):
    bank = imported.modules["mel"].bank
    torch.testing.assert_close(bank, stored["mel_fb"], rtol=0, atol=1e-6)


@needs_hama
def test_the_labels_are_those_of_the_package(imported, engine):
    labels = imported.graph.spec.nodes["data"].parameters["tokenizer"]["tokens"]
    assert [*labels, "<blank>"] == engine.decoder_tokens


@needs_hama
def test_every_tensor_of_the_network_is_used_once(imported, stored):
    front_end = {"mel_fb", "stft_real_kernel", "stft_imag_kernel"}
    network = [tensor for name, tensor in stored.items() if name not in front_end]
    theirs = sum(float(tensor.double().square().sum()) for tensor in network)
    ours = sum(
        float(tensor.double().square().sum()) for tensor in imported.module.state_dict().values()
    )
    count = sum(imported.parameter_counts().values())
    assert count == sum(tensor.numel() for tensor in network) == 2_004_095
    assert ours == pytest.approx(theirs, rel=1e-12)


@needs_hama
def test_the_graph_writes_phonemes_in_words(imported, recordings):
    given = {
        PortName("data", "audio"): torch.from_numpy(recordings[0])[None],
        PortName("data", "audio_lengths"): torch.tensor([len(recordings[0])]),
    }
    (text,) = imported.view("infer")(given)[PortName("text", "text")]
    assert " " in text
    assert "<" not in text


@needs_hama
def test_the_files_read_are_the_ones_that_were_reviewed():
    assets = import_hama._installed_assets()
    for known in (import_hama._WEIGHTS, import_hama._VOCABULARY):
        content = (assets / known.name).read_bytes()
        assert len(content) == known.size
        assert hashlib.sha256(content).hexdigest() == known.sha256
