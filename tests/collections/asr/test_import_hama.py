"""The pretrained Conformer-CTC of `hama`; scripts/verify_hama.py compares what it computes."""

import hashlib
import importlib.util
from pathlib import Path

import pytest
import soundfile
import torch

from phonograph.collections.asr import MODULES, import_hama
from phonograph.collections.asr.hama_container import read_container
from phonograph.collections.asr.import_hama import read_hama
from phonograph.errors import BundleError, MissingExtraError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.modules.mel_filters import MelFilters
from phonograph.types.registry import Registry

SPEECH = Path(import_hama.__file__).parent / "recipes" / "prompts" / "audio"
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


@needs_hama
def test_kernels_and_bands_are_those_of_the_package(imported, stored):
    front_end = imported.modules["mel"]
    kernels = torch.cat([stored["stft_real_kernel"], stored["stft_imag_kernel"]])
    assert torch.equal(front_end.kernels, kernels[:, 0])
    assert torch.equal(front_end.bands, stored["mel_fb"])
    assert front_end.hop == 160


@needs_hama
def test_the_bands_can_also_be_computed(stored):
    filters = MelFilters(n_fft=400, f_min=40.0, f_max=7600.0, edges="bins")
    bank = filters.bank(RATE, n_mels=80, window=400)
    torch.testing.assert_close(bank, stored["mel_fb"], rtol=0, atol=1e-6)


@needs_hama
def test_the_labels_are_those_of_the_package(imported, engine):
    labels = imported.graph.spec.nodes["data"].parameters["tokenizer"]["tokens"]
    assert [*labels, "<blank>"] == engine.decoder_tokens


@needs_hama
def test_every_tensor_of_the_file_is_used_once(imported, stored):
    theirs = sum(float(tensor.double().square().sum()) for tensor in stored.values())
    ours = sum(
        float(tensor.double().square().sum()) for tensor in imported.module.state_dict().values()
    )
    front_end = {"mel_fb", "stft_real_kernel", "stft_imag_kernel"}
    count = sum(tensor.numel() for name, tensor in stored.items() if name not in front_end)
    assert sum(imported.parameter_counts().values()) == count == 2_004_095
    assert ours == pytest.approx(theirs, rel=1e-12)


@needs_hama
def test_the_graph_writes_phonemes_in_words(imported):
    audio, rate = soundfile.read(SPEECH / "agent-loggedoff.ogg", dtype="float32")
    assert rate == RATE
    given = {
        PortName("data", "audio"): torch.from_numpy(audio)[None],
        PortName("data", "audio_lengths"): torch.tensor([len(audio)]),
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
