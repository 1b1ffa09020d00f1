"""Noise at the level asked for, and only where and when it is asked for."""

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.collections import default_registry
from phonograph.collections.asr.add_noise import AddNoise, noise_scale
from phonograph.errors import DataError
from phonograph.graphs.bundle import open_bundle, save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build

GRAPH = """\
phonograph: 1
name: noisy
modules:
  data:
    module: asr.manifest
    with: {train: t.jsonl, sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  noise: {module: asr.add_noise, from: data.audio, only: train, with: {folder: noise}}
  mel:   {module: asr.log_mel, from: noise.audio}
  head:  {module: asr.ctc_head, from: encoder.encoded}
  encoder: {module: asr.recurrent, from: mel.features, with: {d_model: 4}}
  loss:  {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [head.log_probs]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A long recording of noise, and one of a tenth of a second in a folder below."""
    made = tmp_path_factory.mktemp("noise")
    (made / "short").mkdir()
    for name, seconds in (("long.wav", 3.0), ("short/b.flac", 0.1)):
        samples = np.random.default_rng(1).uniform(-0.3, 0.3, round(8000 * seconds))
        soundfile.write(made / name, samples, 8000)
    return made


def _ratio(clean, noisy):
    added = noisy - clean
    return 10 * torch.log10(clean.square().mean() / added.square().mean())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(snr=st.floats(-10, 30), seed=st.integers(0, 99))
def test_the_ratio_is_that_asked_for_over_the_valid_samples(folder, snr, seed):
    torch.manual_seed(seed)
    audio = torch.randn(3, 4000)
    lengths = torch.tensor([4000, 1234, 2])
    audio[2] *= 100
    audio[1, 1234:] = 7.0
    given_ = AddNoise(8000, folder=folder, snr=[snr, snr], probability=1)(audio, lengths)
    for row, length in enumerate(lengths[:2].tolist()):
        assert float(_ratio(audio[row, :length], given_[row, :length])) == pytest.approx(
            snr, abs=0.1
        )
    assert torch.equal(given_[1, 1234:], audio[1, 1234:])


def test_as_many_utterances_get_noise_as_asked_for(folder):
    torch.manual_seed(0)
    audio = torch.ones(400, 50)
    noisy = AddNoise(8000, folder=folder, probability=0.25)(audio, torch.full((400,), 50))
    changed = int((noisy != audio).any(dim=1).sum())
    assert 70 <= changed <= 130


def test_the_seed_decides_and_evaluation_changes_nothing(folder):
    noise, audio = AddNoise(8000, folder=folder, probability=1), torch.randn(2, 900)
    lengths = torch.tensor([900, 300])

    def heard():
        torch.manual_seed(3)
        return noise(audio, lengths)

    assert torch.equal(heard(), heard())
    assert noise.eval()(audio, lengths) is audio


def test_silence_gets_no_noise_and_silent_noise_adds_nothing():
    assert float(noise_scale(torch.zeros(5), torch.ones(5), 10.0)) == 0
    assert float(noise_scale(torch.ones(5), torch.zeros(5), 10.0)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"snr": [9, 3]}, "`snr` must be two numbers, the lower first, not [9, 3]"),
        ({"probability": 1.5}, "`probability` must be in [0, 1], not 1.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        AddNoise(8000, **arguments)
    assert str(told.value) == message


def test_a_bundle_opens_where_the_noise_is_not(tmp_path):
    (tmp_path / "graph.yaml").write_text(GRAPH, encoding="utf-8")
    graph = load_graph(tmp_path / "graph.yaml", [], default_registry())
    save_bundle(tmp_path / "a.phono", graph, build(graph).module.state_dict(), {})
    model = open_bundle(tmp_path / "a.phono", default_registry())
    assert model.modules["noise"].folder is None
    with pytest.raises(DataError, match=r"PD060.*no folder of noise is given"):
        model.modules["noise"].train()(torch.ones(1, 9), torch.tensor([9]))
