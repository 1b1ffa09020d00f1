"""Log-mel features equal the usual ones, count frames as declared, and hear no padding."""

import re
from fractions import Fraction

import pytest
import torch
import torchaudio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.export import Dim, export

from phonograph.collections.asr.log_mel import Compression, LogMel, overlapping, whole_samples
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import parse_axes
from phonograph.types.terms import evaluate


def made_up_speech(seconds: float, rate: int = 16000) -> torch.Tensor:
    """A gliding tone that swells twice, in noise, with a silent quarter."""
    time = torch.arange(int(seconds * rate)) / rate
    tone = torch.sin(2 * torch.pi * (200 + 400 * time) * time) * torch.sin(torch.pi * time).abs()
    noisy = 0.3 * tone + 0.01 * torch.randn(time.shape[0])
    return torch.where(time < seconds / 4, torch.zeros(()), noisy)


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_features_equal_those_of_torchaudio(padding, rate) -> None:
    audio = made_up_speech(1.3, rate).unsqueeze(0)
    theirs = torchaudio.transforms.MelSpectrogram(
        rate,
        n_fft=512,
        win_length=rate // 40,
        hop_length=rate // 100,
        n_mels=64,
        norm="slaney",
        mel_scale="slaney",
        pad_mode="constant" if padding == "zero" else "reflect",
    )
    ours = LogMel(
        rate,
        n_mels=64,
        framing=Framing(padding=padding),
        normalize="none",
        filters=MelFilters(n_fft=512),
    )
    features, lengths = ours(audio, torch.tensor([audio.shape[1]]))
    inner = slice(None) if padding == "zero" else slice(2, -2)  # it mirrors the transform's width
    expected = theirs(audio).clamp(min=1e-10).log()
    assert features.shape == expected.shape
    assert lengths.tolist() == [expected.shape[2]]
    torch.testing.assert_close(features[:, :, inner], expected[:, :, inner], atol=2e-3, rtol=0)


@settings(deadline=None)
@given(
    rate=st.sampled_from([8000, 16000, 22050]),
    window=st.integers(100, 512),
    hop=st.integers(40, 300),
    bands=st.integers(2, 80),
    scale=st.sampled_from(["htk", "slaney"]),
    power=st.sampled_from([1.0, 2.0]),
    preemphasis=st.sampled_from([0.0, 0.97]),
    samples=st.lists(st.integers(1, 4000), min_size=1, max_size=3),
)
def test_any_settings_give_those_of_torchaudio(
    rate, window, hop, bands, scale, power, preemphasis, samples
) -> None:
    theirs = torchaudio.transforms.MelSpectrogram(
        rate,
        n_fft=512,
        win_length=window,
        hop_length=hop,
        n_mels=bands,
        mel_scale=scale,
        power=power,
        pad_mode="constant",
    )
    ours = LogMel(
        rate,
        n_mels=bands,
        window=window / rate,
        hop=hop / rate,
        normalize="none",
        framing=Framing(preemphasis=preemphasis),
        compression=Compression(power=power, guard="add", floor=1e-5),
        filters=MelFilters(n_fft=512, scale=scale, norm="none"),
    )
    audio, lengths = torch.randn(len(samples), max(samples)) / 10, torch.tensor(samples)
    found, frames = ours(audio, lengths)
    for row, (length, count) in enumerate(zip(samples, frames.tolist(), strict=True)):
        alone = torchaudio.functional.preemphasis(audio[row, :length], preemphasis)
        expected = (theirs(alone) + 1e-5).log()
        assert count == expected.shape[1]
        torch.testing.assert_close(found[row, :, :count], expected, atol=2e-3, rtol=1e-4)
        assert not found[row, :, count:].any()


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=4),
    st.sampled_from([8000, 11025, 16000, 22050, 44100]),
    st.one_of(
        st.sampled_from([0.008, 0.01, 0.0125, 0.03]),
        st.integers(5, 500).map(lambda tenths: tenths / 10000),
    ),
    st.sampled_from(["all", "whole", "between"]),
)
@example([3000], 22050, 0.03, "all")  # 661.5 samples
@example([3000], 44100, 0.0125, "whole")
def test_there_are_as_many_frames_as_the_port_says(lengths, rate, hop, frames) -> None:
    audio, framing = torch.randn(len(lengths), max(lengths)), Framing(frames=frames)
    front_end = LogMel(rate, hop=hop, n_mels=8, framing=framing)
    features, counts = front_end(audio, torch.tensor(lengths))
    term = parse_axes(declaration_of(LogMel).ports.outputs["features"].axes)[2]
    settled = {"hop": Fraction(str(hop)), "sample_rate": rate, **LogMel.derived(framing)}
    # less than no frames there cannot be
    declared = [max(0, evaluate(term, {"S": n, **settled})) for n in lengths]
    assert counts.tolist() == declared
    assert features.shape == (len(lengths), 8, max(declared))


@pytest.mark.parametrize(
    "framing",
    [
        Framing(padding="reflect"),
        Framing(),
        Framing(shape="hamming", periodic=False, frames="whole", preemphasis=0.97),
        Framing(shape="ones", frames="between", preemphasis=0.5),
    ],
)
@pytest.mark.parametrize("normalize", ["per_feature", "all_features", "none"])
def test_an_utterance_sounds_the_same_alone_and_in_a_batch(framing, normalize) -> None:
    front_end = LogMel(16000, framing=framing, normalize=normalize)
    lengths = torch.tensor([16000, 9999, 161, 150])
    audio = torch.stack([made_up_speech(1.0) + 0.01 * torch.randn(16000) for _ in lengths])
    audio[1:, 9999:] = float("nan")
    batch, counts = front_end(audio, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, count = front_end(audio[row : row + 1, :length], lengths[row : row + 1])
        assert counts[row] == count[0] == alone.shape[2]
        # Two nearly equal frames have a tiny deviation, and dividing by it enlarges rounding.
        tolerance = 2e-5 if normalize == "none" else 1e-3
        torch.testing.assert_close(
            batch[row, :, : alone.shape[2]], alone[0], atol=tolerance, rtol=1e-5
        )
        assert not batch[row, :, alone.shape[2] :].any()


@given(st.integers(300, 2000), st.integers(1, 9), st.integers(1, 50))
def test_pieces_have_the_frames_of_the_whole(samples, frames, hop) -> None:
    audio = torch.arange(2 * samples).view(2, samples)
    pieces = [part.unfold(1, 256, hop) for part in overlapping(audio, frames, hop, 256)]
    assert torch.equal(torch.cat(pieces, 1), audio.unfold(1, 256, hop))
    assert all(piece.shape[1] <= frames for piece in pieces)


def test_long_audio_gives_what_its_exported_program_gives_in_one_piece() -> None:
    front_end, audio = LogMel(16000), torch.randn(1, 16000 * 25)
    program = export(front_end, (audio, torch.tensor([audio.shape[1]])))
    given = (audio, torch.tensor([audio.shape[1]]))
    torch.testing.assert_close(program.module()(*given), front_end(*given))


def test_normalised_bands_have_mean_zero_and_deviation_one() -> None:
    lengths = torch.tensor([16000, 12000])
    features, counts = LogMel(16000)(torch.randn(2, 16000), lengths)
    for row, count in enumerate(counts.tolist()):
        valid = features[row, :, :count]
        torch.testing.assert_close(valid.mean(1), torch.zeros(80), atol=1e-5, rtol=0)
        torch.testing.assert_close(valid.std(1), torch.ones(80), atol=1e-3, rtol=0)


def test_silence_and_a_single_frame_stay_finite() -> None:
    features, counts = LogMel(16000)(torch.zeros(2, 400), torch.tensor([400, 1]))
    assert counts.tolist() == [3, 1]
    assert features.isfinite().all()


def test_silence_lies_on_the_floor() -> None:
    features, _ = LogMel(16000, compression=Compression(floor=1e-4), normalize="none")(
        torch.zeros(1, 800), torch.tensor([800])
    )
    torch.testing.assert_close(features, torch.full((1, 80, 6), 1e-4).log())


def test_autocast_changes_nothing() -> None:
    front_end, audio, lengths = LogMel(16000), torch.randn(1, 8000), torch.tensor([8000])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features, _ = front_end(audio, lengths)
    assert features.dtype == torch.float32
    assert torch.equal(features, front_end(audio, lengths)[0])


def test_there_is_nothing_to_store() -> None:
    assert LogMel(16000).state_dict() == {}


@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_the_exported_program_takes_any_batch_and_length(padding) -> None:
    front_end = LogMel(16000, framing=Framing(padding=padding))
    dynamic = ({0: Dim.DYNAMIC, 1: Dim.DYNAMIC}, {0: Dim.DYNAMIC})
    program = export(
        front_end, (torch.randn(2, 1000), torch.tensor([1000, 900])), dynamic_shapes=dynamic
    )
    audio, lengths = torch.randn(3, 2345), torch.tensor([2345, 500, 7])
    torch.testing.assert_close(program.module()(audio, lengths), front_end(audio, lengths))


def test_durations_round_to_whole_samples() -> None:
    assert whole_samples(0.025, 16000, "window") == 400
    assert whole_samples(0.01, 22050, "hop") == 221


@pytest.mark.parametrize("floor", [0.0, -1.0, float("nan")])
def test_the_logarithm_needs_a_floor(floor) -> None:
    with pytest.raises(ValueError, match=rf"^`floor` must be above 0, not {floor}$"):
        Compression(floor=floor)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sample_rate": 0}, "`sample_rate` must be at least 1, not 0"),
        ({"n_mels": 0}, "`n_mels` must be 1 to 1024, not 0"),
        ({"n_mels": 1025}, "`n_mels` must be 1 to 1024, not 1025"),
        ({"window": 1e-5}, "`window` must be one sample or more at 16000 Hz, not 1e-05 s"),
        ({"window": 1e6}, "`window` must be at most 65536 samples, not 16000000000"),
        ({"hop": 1e-5}, "`hop` must be one sample or more at 16000 Hz, not 1e-05 s"),
        ({"hop": float("inf")}, "`hop` must be one sample or more at 16000 Hz, not inf s"),
        (
            {"normalize": FixedScale((0.0,), (1.0,))},
            "`normalize.mean` must have a number for each of 80 bands, not 1",
        ),
    ],
)
def test_what_cannot_be_is_refused(given, told) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        LogMel(**{"sample_rate": 16000, **given})
