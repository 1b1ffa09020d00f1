"""Rows of the head become tokens, the blank's row the last."""

import json

import pytest

from phonograph.collections.asr.hugging_face.characters import read_characters, read_writing
from phonograph.data.tokenizers import build_tokenizer
from phonograph.errors import BundleError


@pytest.fixture
def labels_of(tmp_path):
    def labels(tokens, rows=None, blank=None, **configuration):
        vocabulary = {token: row for row, token in enumerate(tokens)}
        (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(configuration))
        writing, settings = read_writing(tmp_path)
        assert settings.faults() == []
        return read_characters(tmp_path, writing, rows or len(tokens), blank)

    return labels


def test_the_row_of_the_blank_goes_last_wherever_it_was(labels_of):
    labels = labels_of(["a", "|", "[PAD]", "b"], pad_token="[PAD]", blank=2)
    assert labels.order == [0, 1, 3, 2]
    assert labels.tokenizer == {
        "type": "tokens",
        "tokens": ["a", "|", "b"],
        "word_boundary": "|",
    }
    assert build_tokenizer(labels.tokenizer).decode([0, 1, 2]) == "a b"


def test_a_token_may_be_written_with_its_properties(labels_of):
    pad = {"__type": "AddedToken", "content": "_", "lstrip": False}
    labels = labels_of(["_", "a", " "], pad_token=pad, word_delimiter_token=" ")
    assert labels.tokenizer["tokens"] == ["a", " "]
    assert labels.tokenizer["word_boundary"] == " "


def test_small_letters_are_written_when_the_tokenizer_does_so(labels_of):
    labels = labels_of(["<pad>", "A", "É", "|"], do_lower_case=True)
    assert labels.tokenizer["tokens"] == ["a", "é", "|"]


def test_a_model_without_a_word_boundary_writes_one_word(labels_of):
    assert "word_boundary" not in labels_of(["<pad>", "a"]).tokenizer


def test_rows_beyond_the_vocabulary_have_the_names_of_added_tokens(labels_of, tmp_path):
    (tmp_path / "added_tokens.json").write_text('{"<s>": 2}')
    added = {"3": {"content": "</s>"}, "900": {"content": "far"}, "x": {"content": "odd"}}
    labels = labels_of(["<pad>", "a"], rows=5, added_tokens_decoder=added)
    assert labels.tokenizer["tokens"] == ["a", "<s>", "</s>", "<unused 4>"]


def test_without_a_configuration_the_tokens_are_the_usual_ones(tmp_path):
    (tmp_path / "vocab.json").write_text('{"<pad>": 1, "a": 0}')
    (tmp_path / "special_tokens_map.json").write_text('{"pad_token": "<pad>"}')
    writing, _ = read_writing(tmp_path)
    assert read_characters(tmp_path, writing, 2, None).order == [0, 1]


@pytest.mark.parametrize(
    ("tokens", "more", "told"),
    [
        (["a", "b"], {}, "the blank `<pad>` is no row, and row None in the configuration"),
        (["<pad>", "a"], {"blank": 1}, "the blank `<pad>` is row 0, and row 1 in the conf"),
        (["<pad>", "a", "A"], {"do_lower_case": True}, "the tokens have `a` more than once"),
        (["<pad>", ""], {}, "token 0 is empty"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(labels_of, tokens, more, told):
    with pytest.raises(BundleError) as caught:
        labels_of(tokens, **more)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ['{"a": 1, "b": 1}', '{"a": "1"}', '{"a": -1}', '{"a": true}'])
def test_tokens_without_a_row_of_their_own_are_refused(tmp_path, text):
    (tmp_path / "vocab.json").write_text(text)
    writing, _ = read_writing(tmp_path)
    with pytest.raises(BundleError, match="has no row of its own"):
        read_characters(tmp_path, writing, 2, None)
