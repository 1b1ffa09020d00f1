import numpy as np
import pytest
import soundfile

from phonograph.data.manifest import Utterance
from phonograph.data.survey import alphabet_of, survey
from phonograph.errors import DataError

PANGRAM = "the quick brown fox jumps over a lazy dog"


@pytest.fixture
def say(tmp_path):
    """Record noise with a text: text, seconds, samples per second, channels."""
    count = iter(range(1000))

    def said(text, seconds=1.0, rate=16000, channels=1):
        number = next(count)
        audio = tmp_path / f"{number}.wav"
        noise = np.random.default_rng(number).normal(0, 0.1, (round(seconds * rate), channels))
        soundfile.write(audio, noise, rate)
        return Utterance(
            id=str(number),
            audio=audio,
            duration=seconds,
            text=text,
            manifest=tmp_path / "train.jsonl",
            line=number + 1,
        )

    return said


def test_speech_is_summed_up(say):
    found = survey([say("Ab, c!", 1.0), say("it's 5", 2.0), say("...", 0.5)])
    assert (found.utterances, found.seconds, found.shortest, found.longest) == (3, 3.5, 0.5, 2.0)
    assert (found.sample_rate, found.alphabet) == (16000, " 5abcist'")
    assert (found.silent, found.digits) == (1, 1)
    assert found.hours == pytest.approx(3.5 / 3600)


def test_the_rate_is_that_of_the_recordings(say):
    assert survey([say("a", rate=8000), say("b", rate=8000)]).sample_rate == 8000


def test_letters_of_what_is_validated_on_belong_to_the_alphabet(say):
    assert survey([say("ab")], [say("cä")]).alphabet == " abcä"


def test_the_pace_is_that_of_the_texts(say):
    assert survey([say("abcdefghij", 2.0)]).fastest == 5.0


def test_english_has_all_its_letters_at_once():
    assert alphabet_of([PANGRAM[:40]]) == " abcdefghijklmnopqrstuvwxyz'"
    assert alphabet_of(["привет мир"]) == " веимпрт"


def test_marks_that_are_read_aloud_belong_to_the_alphabet(say):
    assert survey([say("5 % - ja")]).alphabet == " %5aj"


def test_stereo_is_at_fault_and_told_once(say, tmp_path):
    with pytest.raises(DataError) as raised:
        survey([say("a", channels=2), say("b", channels=2), say("c", channels=2)])
    assert str(raised.value) == (
        f"error[PD011]: `{tmp_path}/0.wav` has 2 channels, needed: 1 channel\n"
        f"  --> {tmp_path}/train.jsonl:1\n"
        "   = 2 more of the 3 recordings looked at are at fault as well\n"
        f"   = help: convert it: ffmpeg -i {tmp_path}/0.wav -ac 1 -ar 16000 {tmp_path}/0-16000.flac"
        "; or write `mix: true` in the data layer to have it done at each reading"
    )


def test_recordings_of_several_rates_are_at_fault(say, tmp_path):
    spoken = [say("a"), say("b"), say("c", rate=8000), say("d", rate=8000), say("e")]
    with pytest.raises(DataError) as raised:
        survey(spoken)
    assert str(raised.value).splitlines()[:4] == [
        f"error[PD011]: `{tmp_path}/2.wav` has 8000 samples per second, needed: 16000",
        f"  --> {tmp_path}/train.jsonl:3",
        "   = 1 more of the 5 recordings looked at are at fault as well",
        "   = samples per second: 3 x 16000, 2 x 8000",
    ]


def test_of_many_recordings_some_are_looked_at(say, tmp_path):
    first = say("a")
    many = [first] * 1000
    assert survey(many).utterances == 1000
    (tmp_path / "0.wav").write_bytes(b"no sound")
    with pytest.raises(DataError, match="199 more of the 200 recordings looked at"):
        survey(many)
