"""Pieces come out of the checkpoint's files, labels out of its settings."""

import io

import pytest
from sentencepiece import SentencePieceTrainer

from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.nemo.tokenizer import translate_labels, translate_pieces
from phonograph.data.tokenizers import build_tokenizer


@pytest.fixture(scope="module")
def model() -> bytes:
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat"] * 3),
        model_writer=written,
        vocab_size=20,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return written.getvalue()


def pieces(text, files):
    settings = read_settings(text)
    return translate_pieces(settings, files), [fault.message for fault in settings.faults()]


@pytest.mark.parametrize("name", ["tokenizer.model", "0af0_tokenizer.model"])
@pytest.mark.parametrize("path", ["nemo:{}", "{}", "nemo:moved_{}", "/somewhere/else/{}"])
def test_the_model_is_found_among_the_files(model, name, path):
    text = f"{{type: bpe, dir: x, model_path: '{path.format(name)}', vocab_path: y}}"
    description, faults = pieces(text, {name: model, "vocab.txt": b"x"})
    assert faults == []
    assert build_tokenizer(description).encode("the cat")


@pytest.mark.parametrize(
    ("text", "files", "told"),
    [
        ("{type: wpe}", {}, "`type`: tokenizers of type `wpe` are not supported; `bpe` is"),
        ("{type: agg, langs: {en: {}}}", {}, "`type`: tokenizers of type `agg` are not"),
        ("{}", {}, "`type`: tokenizers of type `None` are not supported; `bpe` is"),
        (
            "{type: bpe, model_path: nemo:a}",
            {"x_tokenizer.model": b"1", "y_tokenizer.model": b"2"},
            "`model_path`: the checkpoint has no file `nemo:a`",
        ),
        (
            "{type: bpe, model_path: nemo:a}",
            {"a": b"no model"},
            "`model_path`: `model` is not a SentencePiece model",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_message(text, files, told):
    description, faults = pieces(text, files)
    assert description == {}
    assert len(faults) == 1
    assert faults[0].startswith(told)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ('[" ", a, b]', {"type": "characters", "alphabet": " ab"}),
        ('["[", a]', {"type": "characters", "alphabet": "[a"}),
        ("[a, bc]", {"type": "tokens", "tokens": ["a", "bc"]}),
        ('["\\u00bd", a]', {"type": "tokens", "tokens": ["½", "a"]}),
    ],
)
def test_labels_are_characters_where_they_can_be(labels, kind):
    settings = read_settings(f"labels: {labels}")
    assert translate_labels(settings, "labels") == kind
    assert settings.faults() == []
    assert build_tokenizer(kind).vocabulary.size == len(kind.get("tokens", kind.get("alphabet")))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("[a, a]", "`labels`: the tokens have `a` more than once"),
        ("[a, 1]", "`labels`: a list of texts is wanted"),
        ("abc", "`labels`: a list of texts is wanted"),
        ("[]", "`labels`: there are no tokens"),
        ("null", "`labels`: a list of texts is wanted"),
    ],
)
def test_labels_that_are_none_are_refused(labels, told):
    settings = read_settings(f"labels: {labels}")
    assert translate_labels(settings, "labels") == {}
    assert [fault.message for fault in settings.faults()] == [told]
