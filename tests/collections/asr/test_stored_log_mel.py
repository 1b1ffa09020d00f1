"""Stored kernels give the usual features, or those of the checkpoint that brought them."""

import re

import pytest
import torch
from torch.export import Dim, export

from phonograph.collections.asr.log_mel import LogMel
from phonograph.collections.asr.stored_log_mel import StoredLogMel
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters

LENGTHS = torch.tensor([8000, 4999, 161, 1])


@pytest.fixture
def audio():
    """Four gliding tones that swell, in noise, after an eighth of a second of silence."""
    time = torch.arange(8000) / 16000
    tone = torch.sin(2 * torch.pi * (200 + 800 * time) * time) * torch.sin(9 * time).abs()
    return (0.3 * tone + 0.01 * torch.randn(4, 8000)) * (time >= 0.125)


@pytest.mark.parametrize(
    ("rate", "window", "samples"), [(16000, 0.025, 400), (8000, 0.032, 256), (11025, 0.025, 276)]
)
def test_without_a_checkpoint_the_features_are_those_of_log_mel(audio, rate, window, samples):
    usual = LogMel(
        rate,
        window=window,
        normalize="none",
        framing=Framing(padding="reflect"),
        filters=MelFilters(n_fft=samples),
    )
    expected, expected_lengths = usual(audio, LENGTHS)
    found, lengths = StoredLogMel(rate, window=window)(audio, LENGTHS)
    assert torch.equal(lengths, expected_lengths)
    torch.testing.assert_close(found.exp(), expected.exp(), atol=1e-9, rtol=1e-4)


@pytest.mark.parametrize(("precision", "digits"), [("float32", 1e-4), ("half", 2**-5)])
def test_an_utterance_sounds_the_same_alone_and_in_a_batch(audio, precision, digits):
    front_end = StoredLogMel(16000, precision=precision)
    audio[1:, 4999:] = float("nan")
    batch, counts = front_end(audio, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, count = front_end(audio[row : row + 1, :length], LENGTHS[row : row + 1])
        frames = alone.shape[2]
        assert counts[row] == count[0] == frames
        # Energies, not logarithms: of a band with hardly any energy only rounding is left.
        found, expected = batch[row, :, :frames].exp(), alone[0].exp()
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=digits)
        assert not batch[row, :, frames:].any()


def test_half_precision_rounds_the_features_and_nothing_else(audio):
    exact, _ = StoredLogMel(16000)(audio, LENGTHS)
    rounded, _ = StoredLogMel(16000, precision="half")(audio, LENGTHS)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, exact.half().float())


def test_kernels_and_bands_of_a_checkpoint_are_used(audio):
    front_end = StoredLogMel(16000, n_mels=2)
    kernels, bands = torch.zeros(402, 400), torch.zeros(201, 2)
    kernels[3, 200] = 2.0  # the real part of bin 3: twice the sample in the frame's middle
    kernels[201 + 5, 200] = 3.0  # the imaginary part of bin 5
    bands[3, 0] = bands[5, 1] = 1.0
    front_end.load_state_dict({"kernels": kernels, "bands": bands})
    features, _ = front_end(audio, torch.full((4,), 8000))
    power = audio[:, ::160].square()
    expected = torch.stack([4 * power, 9 * power], dim=1).clamp(min=1e-10).log()
    torch.testing.assert_close(features[:, :, :50], expected)


def test_kernels_and_bands_are_stored_and_not_trained():
    front_end = StoredLogMel(16000)
    assert list(front_end.state_dict()) == ["kernels", "bands"]
    assert list(front_end.parameters()) == []


def test_constants_are_made_where_weights_have_no_memory():
    with torch.device("meta"):
        front_end = StoredLogMel(16000)
    assert front_end.kernels.device == front_end.bands.device == torch.device("cpu")
    assert torch.equal(front_end.kernels, StoredLogMel(16000).kernels)


def test_silence_lies_on_the_floor():
    features, _ = StoredLogMel(16000, floor=1e-4)(torch.zeros(1, 800), torch.tensor([800]))
    torch.testing.assert_close(features, torch.full((1, 80, 6), 1e-4).log())


def test_autocast_changes_nothing(audio):
    front_end = StoredLogMel(16000, precision="half")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features, _ = front_end(audio, LENGTHS)
    assert torch.equal(features, front_end(audio, LENGTHS)[0])


@pytest.mark.parametrize("precision", ["float32", "half"])
def test_the_exported_program_takes_any_batch_and_length(audio, precision):
    front_end = StoredLogMel(16000, precision=precision)
    dynamic = ({0: Dim.DYNAMIC, 1: Dim.DYNAMIC}, {0: Dim.DYNAMIC})
    example = torch.randn(2, 1000), torch.tensor([1000, 900])
    program = export(front_end, example, dynamic_shapes=dynamic)
    torch.testing.assert_close(program.module()(audio, LENGTHS), front_end(audio, LENGTHS))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"floor": 0.0}, "`floor` must be above 0, not 0.0"),
        ({"window": 25.0}, "`window` must be 2 to 4096 samples, not 400000 (25.0 s)"),
        ({"window": 6e-5}, "`window` must be 2 to 4096 samples, not 1 (6e-05 s)"),
        ({"hop": 1e-5}, "`hop` must be one sample or more at 16000 Hz, not 1e-05 s"),
        ({"n_mels": 1025}, "`n_mels` must be 1 to 1024, not 1025"),
    ],
)
def test_what_cannot_be_is_refused(given, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        StoredLogMel(16000, **given)
