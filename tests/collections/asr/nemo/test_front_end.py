"""The mel front end hears what NeMo's hears, under every setting that NeMo has."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.log_mel import LogMel
from phonograph.collections.asr.nemo.front_end import translate
from phonograph.graphs.parameters import Misfit, convert
from phonograph.types.declaration import declaration_of

SHARED = Path(os.environ.get("PHONOGRAPH_FIXTURES", "../shared/fixtures")) / "preprocessor_variants"
GOLDEN = np.load(Path(__file__).parent / "goldens/front_end.npz")
SETTINGS = json.loads(str(GOLDEN["settings"]))


def built(part) -> LogMel:
    """Build the module as a graph would, from plain data."""
    parameters = declaration_of(LogMel).parameters
    values = {
        name: convert(value, parameters[name].annotation, Path())
        for name, value in part.arguments.items()
    }
    assert not any(isinstance(value, Misfit) for value in values.values())
    return LogMel(**values)


def translated(text: str, weights=None):
    settings = read_settings(text)
    part = translate(settings, weights or {})
    return part, [fault.message for fault in settings.faults()]


def distance(config, audio, lengths, features, counts) -> float:
    """Return the largest difference on valid frames; as many of them must be valid."""
    part, faults = translated(yaml.safe_dump(config))
    assert faults == []
    ours, found = built(part)(torch.tensor(audio), torch.tensor(lengths))
    assert found.tolist() == counts.tolist()
    return max(
        float((ours[row, :, :count] - torch.tensor(features[row, :, :count])).abs().max())
        for row, count in enumerate(counts.tolist())
    )


@pytest.mark.parametrize(("number", "name"), [*enumerate(SETTINGS)], ids=list(SETTINGS))
def test_valid_frames_equal_those_of_nemo(number, name):
    arrays = [
        GOLDEN[key] for key in ("audio", "audio_len", f"features{number}", f"lengths{number}")
    ]
    assert distance(SETTINGS[name], *arrays) < 1e-4


@pytest.mark.skipif(not SHARED.exists(), reason="the reference checkpoints are not here")
def test_valid_frames_equal_those_of_the_reference_checkpoints():
    arrays = np.load(SHARED / "reference.npz")
    for name, config in json.loads((SHARED / "configs.json").read_text()).items():
        stored = [arrays[key] for key in ("audio", "audio_len", name, f"{name}_len")]
        assert distance(config, *stored) < 1e-4, name


def test_what_is_only_heard_in_training_or_beyond_the_end_is_ignored():
    plain, _ = translated("{features: 8}")
    other, faults = translated(
        "{features: 8, dither: 0.1, pad_to: 7, pad_value: 3.0, nb_augmentation_prob: 0.5,"
        " nb_max_freq: 3000, rng: null, use_torchaudio: false, stft_conv: false}"
    )
    assert faults == []
    assert other == plain


def test_fixed_statistics_become_numbers_for_each_band():
    part, faults = translated(
        "{features: 2, n_fft: 512, normalize: {fixed_mean: [[1.0, 2.0]], fixed_std: [3.0, 4.0]}}"
    )
    assert faults == []
    assert part.arguments["normalize"] == {"mean": [1.0, 2.0], "deviation": [3.0, 4.0]}
    raw, _ = translated("{features: 2, n_fft: 512, normalize: null}")
    audio, lengths = torch.randn(1, 3200), torch.tensor([3200])
    mean, deviation = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]])
    expected = (built(raw)(audio, lengths)[0] - mean) / deviation
    torch.testing.assert_close(built(part)(audio, lengths)[0], expected)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{features: 80, colour: red}", "`colour` is not supported"),
        ("{window: kaiser}", '`window` is the text "kaiser", which is not supported'),
        ("{mel_norm: 2.0}", "`mel_norm` is 2.0, which is not supported"),
        ("{log_zero_guard_type: max}", '`log_zero_guard_type` is the text "max", which'),
        ("{n_fft: 511}", "`n_fft`: must be even, not 511"),
        ("{n_fft: 256, window_size: 0.025}", "`_target_`: `n_fft` must hold a window of 400"),
        ("{highfreq: 9000}", "`_target_`: `f_max` must be at most half the sample rate"),
        ("{n_window_size: 400}", "`n_window_size`: `window_size` is given too"),
        (
            "{exact_pad: true, window_stride: 0.0101}",
            "`exact_pad`: needs an even hop, not 161 samples",
        ),
        ("{normalize: {fixed_mean: 3}}", "`normalize`: lists `fixed_mean` and `fixed_std`"),
        (
            "{normalize: {fixed_mean: [1], fixed_std: [1]}}",
            "`_target_`: `normalize.mean` must have",
        ),
        ("{features: many}", '`features` is the text "many", which is not supported'),
        ("{log: 3}", "`log` is 3, which is not supported"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(text, told):
    _, faults = translated(text)
    assert len(faults) == 1
    assert faults[0].startswith(told)


def test_the_stored_window_and_filters_must_be_those_of_the_settings():
    text = "{features: 8, n_fft: 512, window_size: 0.025}"
    front_end = built(translated(text)[0])
    filters = front_end.bank.T.unsqueeze(0)
    window = torch.hann_window(400, periodic=False)
    stored = {"featurizer.window": window, "featurizer.fb": filters}
    assert translated(text, stored)[1] == []
    for name in stored:
        faults = translated(text, {**stored, name: stored[name] * 1.01})[1]
        assert faults == [f"`_target_`: the stored `{name}` is not what the settings give"]
    shorter = {**stored, "featurizer.window": window[1:]}
    assert len(translated(text, shorter)[1]) == 1
