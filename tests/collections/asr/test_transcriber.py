import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from phonograph.collections import default_registry
from phonograph.collections.asr.transcriber import Transcriber
from phonograph.errors import DataError, GraphError
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import Model, build

GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "abcdefgh "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  encoder:
    module: asr.conformer
    from: mel.features
    with: {d_model: 8, layers: 1, stride: 2, block: {heads: 2, kernel: 3}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  infer: {feed: [data.audio], run: [text.text]}
  scores: {feed: [data.audio], run: [head.log_probs]}
  late: {feed: [mel.features], run: [text.text]}
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """Build a recogniser that says something, though nothing sensible."""
    path = tmp_path / "graph.yaml"
    path.write_text(GRAPH, encoding="utf-8")
    built = build(load_graph(path, [], default_registry()))
    with torch.no_grad():
        built.modules["head"].linear.weight.mul_(20)
    return built


def noise(seconds: float) -> torch.Tensor:
    return torch.randn(round(seconds * 8000)) / 10


def test_hypotheses_come_in_the_order_given_whatever_the_batches(model):
    samples = [noise(seconds) for seconds in (0.4, 1.5, 0.9, 0.2)]
    alone = [Transcriber(model).transcribe([one])[0].text for one in samples]
    assert any(alone)
    for batch_seconds in (0.5, 2.0, 60.0):
        together = Transcriber(model, batch_seconds=batch_seconds).transcribe(samples)
        assert [hypothesis.text for hypothesis in together] == alone


def test_a_file_its_content_and_its_samples_read_the_same(model, tmp_path):
    samples, path = noise(0.8), tmp_path / "a.wav"
    soundfile.write(path, samples.numpy(), 8000, subtype="FLOAT")
    sources = [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), samples]
    texts = [hypothesis.text for hypothesis in Transcriber(model).transcribe(sources)]
    assert texts == [texts[0]] * 5


def test_what_was_changed_in_a_recording_is_noted(model, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((16000, 2)), 16000)
    samples, notes = Transcriber(model).read(tmp_path / "a.wav")
    assert len(samples) == 8000
    assert notes == ["mixed 2 channels to mono", "resampled from 16000 to 8000 Hz"]


@pytest.mark.parametrize("samples", [1, 2, 79, 80, 81, 200])
def test_a_recording_may_be_as_short_as_one_sample(model, samples):
    [hypothesis] = Transcriber(model).transcribe([torch.ones(samples) / 2])
    assert hypothesis.text == " ".join(word.text for word in hypothesis.words)


def test_nothing_gives_nothing(model):
    assert Transcriber(model).transcribe([]) == []


def test_word_times_lie_within_the_recording(model):
    [hypothesis] = Transcriber(model).transcribe([noise(2.0)])
    assert hypothesis.words
    for word in hypothesis.words:
        assert word.start is not None
        assert word.end is not None
        assert 0 <= word.start < word.end <= 2.02


def test_all_bad_recordings_are_told_at_once(model, tmp_path):
    (tmp_path / "b.wav").write_bytes(b"no audio")
    with pytest.raises(DataError) as caught:
        Transcriber(model).transcribe([tmp_path / "a.wav", noise(0.5), tmp_path / "b.wav"])
    assert len(caught.value.diagnostics) == 2


@pytest.mark.parametrize("samples", [torch.zeros(2, 100), torch.zeros(0), torch.zeros(5).long()])
def test_samples_of_another_shape_are_refused(model, samples):
    with pytest.raises(DataError, match=r"samples must be a float tensor \[S\], not torch\."):
        Transcriber(model).transcribe([samples])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300])
def test_samples_that_are_not_finite_are_refused(model, value):
    samples = torch.zeros(800, dtype=torch.float64)
    samples[3] = value
    with pytest.raises(DataError) as caught:
        Transcriber(model).transcribe([samples])
    assert str(caught.value) == "error[PR002]: samples must be finite, not NaN or infinite"


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_batches_without_audio_are_refused(model, seconds):
    with pytest.raises(ValueError, match="`batch_seconds` must be above 0, not"):
        Transcriber(model, batch_seconds=seconds)
    with pytest.raises(ValueError, match="`batch_seconds` must be above 0, not"):
        Transcriber.open("missing.phono", batch_seconds=seconds)


def test_a_device_that_is_none_is_refused_before_anything_is_read():
    with pytest.raises(ValueError, match="`foo` is no device; write auto, cpu, cuda, cuda:1 or"):
        Transcriber.open("missing.phono", device="foo")


def test_a_bundle_opens_with_its_weights(model, tmp_path):
    save_bundle(tmp_path / "a.phono", model.graph, model.module.state_dict(), {})
    opened, samples = Transcriber.open(tmp_path / "a.phono"), noise(0.8)
    assert opened.sample_rate == 8000
    assert opened.transcribe([samples]) == Transcriber(model).transcribe([samples])


def test_the_model_is_put_into_evaluation_mode(model):
    model.module.train()
    Transcriber(model)
    assert not any(module.training for module in model.module.modules())


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("scores", "it has no decoder, such as asr.ctc_greedy, at its end"),
        ("late", "it is fed with 0 ports of kind Audio, not one"),
    ],
)
def test_a_view_that_cannot_transcribe_is_refused(model, view, message):
    with pytest.raises(GraphError) as caught:
        Transcriber(model, view=view)
    assert str(caught.value) == (
        f"error[PR003]: the view `{view}` cannot transcribe: {message}\n"
        "   = help: a recogniser has: infer: {feed: [data.audio], run: [text.text]}"
    )


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 TB"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 TB"),
    ],
)
def test_too_little_memory_is_told_with_the_length(model, monkeypatch, error):
    transcriber = Transcriber(model)

    def run_out(given: object) -> None:
        raise error

    monkeypatch.setattr(transcriber, "view", run_out)
    with pytest.raises(DataError, match="not enough memory to recognise 2 s of audio at once"):
        transcriber.transcribe([noise(2.0)])


def test_a_fault_in_memory_is_not_told_as_too_little_of_it(model, monkeypatch):
    transcriber = Transcriber(model)

    def fail(given: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(transcriber, "view", fail)
    with pytest.raises(RuntimeError, match="an illegal memory access"):
        transcriber.transcribe([noise(0.5)])
