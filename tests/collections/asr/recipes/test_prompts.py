"""The shipped speech is what its manifests and its licence say."""

import json
from pathlib import Path

import pytest
import soundfile

import phonograph

PROMPTS = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
SPLITS = ("train", "validation", "test")


def rows(split):
    text = (PROMPTS / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def texts(split):
    return {row["text"] for row in rows(split)}


def test_everything_together_is_under_6_megabytes():
    assert sum(path.stat().st_size for path in PROMPTS.rglob("*") if path.is_file()) < 6_000_000


@pytest.mark.parametrize("split", SPLITS)
def test_each_recording_is_16_khz_mono_and_as_long_as_stated(split):
    for row in rows(split):
        samples, rate = soundfile.read(PROMPTS / row["audio_filepath"])
        assert (rate, samples.ndim) == (16_000, 1)
        assert len(samples) / rate == row["duration"]


@pytest.mark.parametrize(
    ("split", "minutes"), [("train", 14.0), ("validation", 1.3), ("test", 8.4)]
)
def test_the_splits_are_as_long_as_the_readme_says(split, minutes):
    assert round(sum(row["duration"] for row in rows(split)) / 60, 1) == minutes


def test_every_recording_is_in_one_manifest():
    named = [row["audio_filepath"] for split in SPLITS for row in rows(split)]
    assert sorted(named) == sorted(f"audio/{path.name}" for path in PROMPTS.glob("audio/*"))


def test_no_text_is_in_two_splits():
    assert not texts("train") & texts("validation")
    assert not texts("test") & (texts("train") | texts("validation"))


def test_forty_texts_of_two_to_six_words_are_set_aside_for_validation():
    assert len(texts("validation")) == 40
    assert all(2 <= len(text.split()) <= 6 for text in texts("validation"))


def test_transcripts_are_lower_case_words():
    letters = set("abcdefghijklmnopqrstuvwxyz' ")
    assert all(set(text) <= letters for split in SPLITS for text in texts(split))


def test_the_attribution_names_author_sponsor_source_licence_and_changes():
    text = (PROMPTS / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for needed in (
        "Allison Smith",
        "Digium",
        "asterisk-core-sounds-en-g722",
        "https://creativecommons.org/licenses/by-sa/3.0/",
        "## What was changed",
    ):
        assert needed in text
