"""The encoder of wav2vec 2.0 keeps its word."""

import re
from typing import Any

import pytest
import torch

from phonograph.collections.asr.wav2vec2 import Wav2Vec2
from phonograph.modules.contract import contract_faults
from phonograph.modules.positional_conv import PositionSettings
from phonograph.modules.transformer_layer import TransformerSettings
from phonograph.modules.waveform_convs import WaveformConvSettings
from phonograph.types.declaration import declaration_of

SMALL: dict[str, Any] = {
    "d_model": 8,
    "layers": 2,
    "convs": WaveformConvSettings((4, 6), kernels=(10, 8), strides=(5, 8)),
    "positions": PositionSettings(kernel=4, groups=2),
    "block": TransformerSettings(heads=2, middle=12),
}


@pytest.mark.parametrize("norm", ["first", "each"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_every_form_of_it_keeps_the_contract(norm, norm_first):
    parameters = {
        **SMALL,
        "sample_rate": 16000,
        "convs": WaveformConvSettings((4, 6), kernels=(10, 8), strides=(5, 8), norm=norm),
        "block": TransformerSettings(heads=2, middle=12, norm_first=norm_first),
    }
    assert contract_faults(declaration_of(Wav2Vec2), parameters, seed=3, export=False) == []


def test_the_base_model_has_the_published_number_of_parameters():
    with torch.device("meta"):
        encoder = Wav2Vec2(16000)
    # torchaudio.models.wav2vec2_base() has as many
    assert sum(weight.numel() for weight in encoder.parameters()) == 94_370_944


def test_the_large_model_has_the_published_number_of_parameters():
    with torch.device("meta"):
        encoder = Wav2Vec2(
            16000,
            d_model=1024,
            layers=24,
            convs=WaveformConvSettings(norm="each", bias=True),
            block=TransformerSettings(heads=16, middle=4096, norm_first=True),
        )
    # torchaudio.models.wav2vec2_large_lv60k() has as many
    assert sum(weight.numel() for weight in encoder.parameters()) == 315_437_696


def test_an_utterance_without_a_frame_does_no_harm_to_others():
    encoder = Wav2Vec2(16000, **SMALL).eval()
    audio = torch.randn(2, 600)
    encoded, lengths = encoder(audio, torch.tensor([600, 3]))
    alone, _ = encoder(audio[:1], torch.tensor([600]))
    assert lengths.tolist() == [14, 0]
    assert not encoded[1].any()
    torch.testing.assert_close(encoded[:1], alone)


def test_audio_shorter_than_a_frame_gives_no_valid_frame():
    encoded, lengths = Wav2Vec2(16000, **SMALL).eval()(torch.randn(1, 3), torch.tensor([3]))
    assert lengths.tolist() == [0]
    assert not encoded.any()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"layers": 0}, "`layers` must be at least 1, not 0"),
        ({"d_model": 9}, "`block.heads`: 2 heads do not divide `d_model` 9"),
        (
            {"d_model": 6, "positions": PositionSettings(groups=4)},
            "`positions.groups`: 4 groups do not divide width 6",
        ),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Wav2Vec2(16000, **{**SMALL, **arguments})
