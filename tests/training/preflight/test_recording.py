"""Listening to one recording with many utterances."""

import numpy as np
import soundfile

from phonograph.errors import Diagnostic
from phonograph.training.preflight import recording
from phonograph.training.preflight.manifest_lines import read_lines
from phonograph.training.preflight.recording import Ears, listen


def test_seeking_gives_what_decoding_the_whole_gives(look, record, tone, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).normal(0, 0.1, 64000)
    soundfile.write(tmp_path / "reel.flac", noise, 16000)
    line = {"audio_filepath": "reel.flac", "duration": 0.5, "text": "yes"}
    look(train=[{**line, "offset": k / 4} for k in range(8)])
    utterances = [one.utterance for one in read_lines(tmp_path / "train.jsonl") if one.utterance]
    whole = listen(utterances, Ears(16000))
    monkeypatch.setattr(recording, "MOST_AT_ONCE", 10)
    assert listen(utterances, Ears(16000)) == whole
    assert len({one.digest for one in whole.found if not isinstance(one, Diagnostic)}) == 8
    assert whole.header is not None
    assert (whole.header.sample_rate, whole.format) == (16000, "flac")


def test_other_rates_and_channels_are_taken_where_the_graph_does(look, record, tone, tmp_path):
    stereo = np.stack([tone(rate=8000), -tone(rate=8000)], axis=1)
    look(train=[record(stereo, rate=8000)])
    (line,) = read_lines(tmp_path / "train.jsonl")
    assert line.utterance is not None
    (refused,) = listen([line.utterance], Ears(16000)).found
    assert isinstance(refused, Diagnostic)
    assert refused.code == "PD011"
    (taken,) = listen([line.utterance], Ears(16000, resample=True, mix=True)).found
    assert not isinstance(taken, Diagnostic)
    assert (taken.samples, taken.seconds, taken.peak) == (16000, 1.0, 0.0)


def test_numbers_beyond_all_recordings_are_beyond_this_one(look, record, codes):
    lines = [{**record(), "duration": 1e308}, {**record(), "offset": 1e308}]
    assert codes(look(train=lines)) == [("PD013", 1), ("PD013", 2)]
