"""Wav2Letter computes what torchaudio's does, from features and from raw audio."""

import pytest
import torch
from torchaudio.models import Wav2Letter as Reference

from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.learned_filters import LearnedFilters
from phonograph.collections.asr.wav2letter import Wav2Letter


def weights_in_order(*modules):
    return [weight for module in modules for weight in module.parameters()]


def give_weights(reference, *ours):
    theirs = weights_in_order(reference)
    for target, source in zip(weights_in_order(*ours), theirs, strict=True):
        # our head is a linear layer, theirs a convolution of one tap
        target.data.copy_(source.data.reshape(target.shape))


def scores_of(encoder, head, features, lengths):
    encoded, lengths = encoder(features, lengths)
    # torchaudio has a ReLU even on the scores, which the paper has not
    scores = head.linear(encoded.transpose(1, 2)).relu()
    return scores.log_softmax(2).transpose(1, 2), lengths


@pytest.mark.parametrize("frames", [40, 41])
def test_features_are_scored_as_torchaudio_scores_them(frames):
    reference = Reference(29, "mfcc", 13)
    encoder, head = Wav2Letter(13), CtcHead(2000, 28)
    give_weights(reference, encoder, head)
    features = torch.randn(1, 13, frames)
    found, lengths = scores_of(encoder, head, features, torch.tensor([frames]))
    expected = reference(features)
    assert lengths.tolist() == [expected.shape[2]]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_raw_audio_is_scored_as_torchaudio_scores_it():
    reference = Reference(29, "waveform", 1)
    front, encoder, head = LearnedFilters(16000), Wav2Letter(250), CtcHead(2000, 28)
    give_weights(reference, front, encoder, head)
    audio = torch.randn(1, 5000)
    features, lengths = front(audio, torch.tensor([5000]))
    found, lengths = scores_of(encoder, head, features, lengths)
    expected = reference(audio.unsqueeze(1))
    assert lengths.tolist() == [expected.shape[2]]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_every_layer_counts_in_the_sizes():
    encoder = Wav2Letter(3, width=4, wide=5, layers=2)
    shapes = [tuple(w.shape) for w in encoder.parameters() if w.dim() == 3]
    assert shapes == [(4, 3, 48), (4, 4, 7), (4, 4, 7), (5, 4, 32), (5, 5, 1)]
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        Wav2Letter(3, layers=0)
