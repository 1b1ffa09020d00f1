"""Fully connected layers over frames; with a recurrent one they are Deep Speech."""

import pytest
import torch
from torch.nn import functional
from torchaudio.models import DeepSpeech

from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.dense import Dense
from phonograph.collections.asr.recurrent import Recurrent


def deep_speech(feat_in, width, vocab):
    return torch.nn.ModuleList(
        [
            Dense(feat_in, d_model=width, layers=3),
            Recurrent(width, d_model=width, cell="relu", join="sum"),
            Dense(width, d_model=width, layers=1),
            CtcHead(width, vocab),
        ]
    )


def test_the_parts_of_deep_speech_compute_what_torchaudio_computes():
    reference = DeepSpeech(9, n_hidden=12, n_class=5)
    ours = deep_speech(9, 12, 4)
    named = dict(reference.named_parameters())
    order = [f"fc{n}.fc.{kind}" for n in (1, 2, 3) for kind in ("weight", "bias")]
    order += [name for name in named if name.startswith("bi_rnn")]
    order += ["fc4.fc.weight", "fc4.fc.bias", "out.weight", "out.bias"]
    for target, name in zip(ours.parameters(), order, strict=True):
        target.data.copy_(named[name].data.reshape(target.shape))
    features, lengths = torch.randn(3, 9, 20), torch.tensor([20, 20, 20])
    lower, recurrent, upper, head = ours
    found = head(upper(recurrent(lower(features, lengths), lengths), lengths))
    expected = reference(features.transpose(1, 2).unsqueeze(1))
    torch.testing.assert_close(found, expected)


def test_the_sizes_are_those_of_torchaudio():
    with torch.device("meta"):
        ours, reference = deep_speech(161, 2048, 39), DeepSpeech(161)
    count, expected = (sum(w.numel() for w in model.parameters()) for model in (ours, reference))
    assert count == expected == 29_788_200


def test_context_is_what_stacked_frames_would_give():
    layers = Dense(3, d_model=4, layers=1, context=2)
    features = torch.randn(1, 3, 7)
    stacked = functional.pad(features, (2, 2)).unfold(2, 5, 1)  # [B, D, T, frames]
    weight, bias = (layers.get_parameter(f"layers.0.{name}") for name in ("weight", "bias"))
    expected = torch.einsum("bdtk,odk->bot", stacked, weight) + bias.view(1, -1, 1)
    found = layers(features, torch.tensor([7]))
    torch.testing.assert_close(found, expected.clamp(0, 20))


def test_nothing_is_below_zero_or_above_the_bound():
    layers = Dense(3, d_model=4, bound=1.5)
    out = layers(1e3 * torch.randn(2, 3, 9), torch.tensor([9, 9]))
    assert out.min() >= 0
    assert out.max() <= 1.5


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`context` must be at least 0, not -1$"):
        Dense(3, context=-1)
    with pytest.raises(ValueError, match=r"^`bound` must be above 0, not 0.0$"):
        Dense(3, bound=0.0)
