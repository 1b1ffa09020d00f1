"""Stored kernels give the usual features, or those of the checkpoint that brought them."""

import pytest
import torch
from torch.export import Dim, export

from phonograph.collections.asr.log_mel import LogMel
from phonograph.collections.asr.stored_log_mel import StoredLogMel
from phonograph.modules.mel_filters import MelFilters

LENGTHS = torch.tensor([8000, 4999, 161, 1])


def made_up_speech() -> torch.Tensor:
    """Tones that glide and swell, in noise, with a silent quarter; nothing sounds in the padding."""
    time = torch.arange(8000) / 16000
    tone = torch.sin(2 * torch.pi * (200 + 800 * time) * time) * torch.sin(9 * time).abs()
    audio = 0.3 * tone + 0.01 * torch.randn(4, 8000)
    return audio * (time >= 0.125)


@pytest.mark.parametrize(("rate", "window"), [(16000, 0.025), (8000, 0.032), (11025, 0.025)])
def test_without_a_checkpoint_the_features_are_those_of_log_mel(rate, window) -> None:
    samples = {16000: 400, 8000: 256, 11025: 276}[rate]
    usual = LogMel(
        rate,
        n_mels=40,
        window=window,
        normalize="none",
        padding="reflect",
        floor=1e-6,
        filters=MelFilters(n_fft=samples),
    )
    ours = StoredLogMel(rate, n_mels=40, window=window, floor=1e-6)
    expected, expected_lengths = usual(made_up_speech(), LENGTHS)
    found, lengths = ours(made_up_speech_again(expected), LENGTHS)
    assert torch.equal(lengths, expected_lengths)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
