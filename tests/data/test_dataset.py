"""Utterances as tensors."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.audio_file import read_audio
from phonograph.data.characters import CharacterTokenizer
from phonograph.data.dataset import Item, SpeechDataset, check_texts, collate
from phonograph.data.faults import data_error

ENGLISH = CharacterTokenizer("abcdefghijklmnopqrstuvwxyz '")


def test_an_item_has_the_recording_and_the_normalised_transcript(say):
    utterance = say("a.wav", text="It\u2019s  A-B.")
    item = SpeechDataset([utterance], ENGLISH, 8000)[0]
    assert torch.equal(item["audio"], read_audio(utterance, 8000))
    assert item["text"] == "it's a b"
    assert item["tokens"].dtype == torch.int64
    assert ENGLISH.decode(item["tokens"].tolist()) == "it's a b"
    assert item["id"] == "a"


def test_the_dataset_knows_how_long_its_utterances_are(say):
    dataset = SpeechDataset([say("a.wav"), say("b.wav", seconds=1.5)], ENGLISH, 8000)
    assert len(dataset) == 2
    assert list(dataset.durations) == [0.5, 1.5]


def test_all_transcripts_that_cannot_be_written_are_told_at_once(say):
    utterances = [
        say("a.wav", line=1, text="Room 12"),
        say("b.wav", line=2, text="fine"),
        say("c.wav", line=3, text="für 50 %"),
    ]
    assert (
        str(data_error(check_texts(utterances, ENGLISH))).replace(
            str(utterances[0].manifest.parent), "DIR"
        )
        == """\
error[PD020]: utterance `a`: `1`, `2` are not in the alphabet
  --> DIR/train.jsonl:1
   = text: Room 12
   = help: spell it out in `text`, or let the tokenizer know it

error[PD020]: utterance `c`: `%`, `0`, `5`, `ü` are not in the alphabet
  --> DIR/train.jsonl:3
   = text: für 50 %
   = help: spell it out in `text`, or let the tokenizer know it"""
    )


items = st.builds(
    lambda samples, tokens: Item(
        audio=torch.ones(samples), tokens=torch.ones(tokens, dtype=torch.int64), text="x", id="y"
    ),
    st.integers(1, 20),
    st.integers(0, 5),
)


@given(st.lists(items, min_size=1, max_size=6))
def test_a_batch_holds_every_item_and_zeros(items):
    batch = collate(items)
    for padded, lengths, key in [
        (batch["audio"], batch["audio_lengths"], "audio"),
        (batch["tokens"], batch["token_lengths"], "tokens"),
    ]:
        assert lengths.dtype == torch.int64
        assert lengths.tolist() == [len(item[key]) for item in items]
        assert padded.shape == (len(items), max(lengths))
        assert padded.dtype == items[0][key].dtype
        assert padded.sum() == lengths.sum()
        assert all(row[:length].all() for row, length in zip(padded, lengths, strict=True))
    assert batch["text"] == ["x"] * len(items)
    assert batch["id"] == ["y"] * len(items)
