"""Learning pieces: as many as asked for, the same ones every time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.data.piece_training import Text, count_pieces, read_texts, train_pieces
from phonograph.data.sentencepiece_tokenizer import SentencePieceTokenizer
from phonograph.errors import DataError

TEXTS = ["to be or not to be", "that is the question", "whether tis nobler in the mind"] * 4


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("size", [22, 27])
def test_there_are_as_many_pieces_as_asked_for_and_the_same_every_time(kind, size):
    model = train_pieces(TEXTS, size=size, kind=kind)
    assert train_pieces(TEXTS, size=size, kind=kind) == model
    assert SentencePieceTokenizer(model).vocabulary.size == size


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(9)))
def test_every_text_that_was_learnt_from_can_be_written_and_read_again(order):
    tokenizer = SentencePieceTokenizer(train_pieces(TEXTS, size=27))
    text = " ".join(TEXTS[0].split()[number % 6] for number in order)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_long_text_is_not_left_out():
    texts = ["a " * 10_000 + "zebra"] * 3
    tokenizer = SentencePieceTokenizer(train_pieces(texts, size=8))
    assert tokenizer.decode(tokenizer.encode("zebra")) == "zebra"


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (5000, "these texts do not give 5,000 pieces\n   = help: ask for 28 or fewer"),
        (3, "3 pieces are fewer than the characters of these texts\n   = help: ask for 18 or more"),
    ],
)
def test_a_size_that_does_not_fit_is_told_with_the_one_that_does(size, message):
    with pytest.raises(DataError) as caught:
        train_pieces(TEXTS, size=size)
    assert str(caught.value) == f"error[PD067]: {message}"


def test_manifests_and_files_of_lines_are_read_and_normalised(record, write_manifest, tmp_path):
    record("a.wav")
    said = {"audio_filepath": "a.wav", "duration": 0.5, "text": "“Yes”, I'm IN!"}
    lines = tmp_path / "lines.txt"
    lines.write_text("One.\n\nTwo\n", encoding="utf-8")
    files = [write_manifest(said), lines]
    assert read_texts(files) == [Text("yes i'm in", 0.5), Text("one"), Text("two")]
    assert [one.text for one in read_texts(files, cased=True)] == ["Yes I'm IN", "One", "Two"]


def test_counts_are_those_of_the_texts():
    tokenizer = SentencePieceTokenizer(train_pieces(TEXTS, size=27))
    texts = [Text(TEXTS[0], 2.0), Text(TEXTS[1], 0.08), Text(TEXTS[2])]
    counts = count_pieces(tokenizer, texts)
    cut = [tokenizer.encode(one.text) for one in texts]
    assert (counts.texts, counts.tokens) == (3, sum(map(len, cut)))
    assert counts.longest == max(map(len, cut))
    assert counts.tokens_per_second == (len(cut[0]) + len(cut[1])) / 2.08
    assert counts.too_fast == {40: 1, 80: 1}
    assert dict(counts.commonest)[tokenizer.piece(cut[0][0])] >= 1
