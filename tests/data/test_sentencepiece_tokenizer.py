"""Pieces: texts come back, what cannot be written is named, and the model travels whole."""

import copy
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sentencepiece import SentencePieceTrainer

from phonograph.collections.asr.manifest import Manifest
from phonograph.data.sentencepiece_tokenizer import (
    MAX_MODEL_BYTES,
    SentencePieceModel,
    packed,
    unpacked,
)
from phonograph.data.tokenizers import build_tokenizer
from phonograph.graphs.parameters import Misfit, convert, to_plain
from phonograph.types.declaration import declaration_of

SENTENCES = ["the cat sat on the mat", "a dog ate the bat's hat", "it's not that hot"] * 4
ANNOTATION = declaration_of(Manifest).parameters["tokenizer"].annotation


def train(**settings) -> bytes:
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=written,
        hard_vocab_limit=False,
        minloglevel=2,
        **{"model_type": "bpe", "vocab_size": 30, "bos_id": -1, "eos_id": -1, **settings},
    )
    return written.getvalue()


MODEL = train()
PIECES = build_tokenizer({"type": "sentencepiece", "content": packed(MODEL)})


@pytest.fixture
def model(tmp_path) -> Path:
    path = tmp_path / "pieces.model"
    path.write_bytes(MODEL)
    return path


@given(st.text(alphabet="acdehimnost 'ACT.,!?\u2019-", max_size=40))
@example("It\u2019s  THE cat!")
@example("")
def test_a_normalised_text_comes_back(text):
    normal = PIECES.normalize(text)
    assert PIECES.decode(PIECES.encode(normal)) == normal


@given(st.text(max_size=30))
@example("½ Ⅷ ﬁ ̈a")
@example("a\u2581b")
def test_normalising_twice_is_as_once(text):
    normal = PIECES.normalize(text)
    assert PIECES.normalize(normal) == normal


@given(st.lists(st.integers(0, PIECES.vocabulary.size - 1), max_size=12))
def test_any_pieces_can_be_read(ids):
    assert isinstance(PIECES.decode(ids), str)


@pytest.mark.parametrize("kind", ["unigram", "char", "word"])
def test_every_kind_of_model_writes_its_own_sentences(kind):
    tokenizer = build_tokenizer(
        {"type": "sentencepiece", "content": packed(train(model_type=kind))}
    )
    for sentence in SENTENCES:
        assert tokenizer.decode(tokenizer.encode(sentence)) == sentence


def test_what_no_piece_has_is_named():
    with pytest.raises(ValueError, match=r"^`7`, `ü` are in no piece of the tokenizer$"):
        PIECES.encode("the ü 7 cat")
    with pytest.raises(ValueError, match=r"^`z` is in no piece of the tokenizer$"):
        PIECES.encode("z")


@pytest.mark.parametrize("number", [-1, PIECES.vocabulary.size])
def test_a_number_that_is_no_piece_is_named(number):
    told = f"^{number} is not a token: there are {PIECES.vocabulary.size}, from 0$"
    with pytest.raises(ValueError, match=told):
        PIECES.decode([0, number])


def test_bytes_can_write_anything():
    model = train(byte_fallback=True, vocab_size=300)
    tokenizer = build_tokenizer({"type": "sentencepiece", "content": packed(model)})
    assert tokenizer.decode(tokenizer.encode("the ü cat")) == "the ü cat"


def test_the_vocabulary_has_no_path_and_builds_the_tokenizer_again(model):
    description = convert({"type": "sentencepiece", "model": model.name}, ANNOTATION, model.parent)
    first = build_tokenizer(description)
    stored = json.loads(json.dumps(to_plain(first.vocabulary)))
    assert str(model.parent) not in json.dumps(stored)
    again = build_tokenizer(stored["tokenizer"])
    assert again.vocabulary == first.vocabulary
    assert again.encode("the cat") == first.encode("the cat")


def test_a_lock_without_the_file_gives_the_same_parameter(model):
    description = convert({"type": "sentencepiece", "model": str(model)}, ANNOTATION, Path())
    stored = json.loads(json.dumps(to_plain(description)))
    model.unlink()
    assert stored["model"] is None
    assert convert(stored, ANNOTATION, Path()) == description


def test_the_fingerprint_is_that_of_the_content(model, tmp_path):
    copy = tmp_path / "copy" / "other.model"
    copy.parent.mkdir()
    copy.write_bytes(MODEL)
    first, second = (
        build_tokenizer({"type": "sentencepiece", "model": str(path)}) for path in (model, copy)
    )
    assert first.vocabulary == second.vocabulary
    other = build_tokenizer({"type": "sentencepiece", "content": packed(train(model_type="char"))})
    assert other.vocabulary != first.vocabulary


def test_a_tokenizer_travels_to_other_processes():
    again = copy.deepcopy(PIECES)  # reduced and built again, as between processes
    assert again.encode("the cat") == PIECES.encode("the cat")


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ({"type": "sentencepiece"}, "needs a `model`, the path of its file"),
        ({"type": "sentencepiece", "model": 3}, "needs a `model`, the path of its file"),
        ({"type": "sentencepiece", "modle": "x"}, "a tokenizer of pieces has no `modle`"),
        ({"type": "sentencepiece", "content": "???"}, "`content` is damaged"),
        ({"type": "sentencepiece", "content": packed(b"x")}, "is not a SentencePiece model"),
        ({"type": "sentencepiece", "content": packed(b"")}, "is not a SentencePiece model"),
        (
            {"type": "sentencepiece", "content": packed(MODEL)[:400]},
            "`content` is cut off, or too large",
        ),
        (
            {"type": "sentencepiece", "content": packed(bytes(MAX_MODEL_BYTES + 1))},
            "`content` is cut off, or too large",
        ),
    ],
)
def test_a_wrong_model_is_told_in_plain_words(description, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        build_tokenizer(description)


def test_a_missing_file_is_told_at_the_setting_that_names_it():
    misfit = convert({"type": "sentencepiece", "model": "no.model"}, ANNOTATION, Path("here"))
    told = "does not fit: `model` cannot be read: here/no.model: No such file or directory"
    assert misfit == Misfit(("model",), told)


def test_a_file_that_is_none_is_told(tmp_path):
    (tmp_path / "a.model").write_bytes(b"not one")
    with pytest.raises(ValueError, match=r"^`model` is not a SentencePiece model$"):
        SentencePieceModel("sentencepiece", tmp_path / "a.model")


def test_a_file_that_is_too_large_is_told(tmp_path):
    with (tmp_path / "a.model").open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(ValueError, match=r"^`model` is too large"):
        SentencePieceModel("sentencepiece", tmp_path / "a.model")


@given(st.binary(max_size=2000))
def test_what_is_packed_is_unpacked(content):
    assert unpacked(packed(content)) == content
