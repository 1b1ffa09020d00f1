"""Pieces are written, and texts cut, as the library does."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceNormalizer, sentencepiece_model_pb2

from phonograph.collections.asr.hugging_face.pieces import read_pieces
from phonograph.data.tokenizers import build_tokenizer
from phonograph.errors import BundleError

MARK = "\u2581"
PIECES = ["<unk>", f"{MARK}", "t", "h", "e", "th", f"{MARK}th", f"{MARK}the"]
MERGES = [["t", "h"], f"{MARK} th", [f"{MARK}th", "e"]]
PAD = {"id": len(PIECES), "content": "<pad>", "special": True}
METASPACE = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always"}
SPACES = {"type": "Replace", "pattern": {"String": MARK}, "content": " "}
FUSE, STRIP = {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def bpe(**more):
    vocabulary = {piece: row for row, piece in enumerate(PIECES)}
    return {"type": "BPE", "unk_token": "<unk>", "vocab": vocabulary, "merges": MERGES, **more}


@pytest.fixture
def labels_of(tmp_path):
    def labels(model, decoder=METASPACE, added=(PAD,), blank=None, rows=9, **more):
        data = {"model": model, "decoder": decoder, "added_tokens": list(added), **more}
        (tmp_path / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
        return read_pieces(tmp_path, "<pad>", rows, blank)

    return labels


def test_pieces_become_a_model_that_cuts_by_the_merges(labels_of):
    labels = labels_of(bpe())
    tokenizer = build_tokenizer(labels.tokenizer)
    assert labels.tokenizer["type"] == "sentencepiece"
    assert labels.order == list(range(len(PIECES) + 1))
    assert tokenizer.encode("the he") == [7, 1, 3, 4]
    assert tokenizer.decode([7, 0, 1, 3, 4]) == "the<unk> he"


def test_scores_of_a_unigram_tokenizer_decide(labels_of):
    scores = [0, -2, -3, -3, -3, -1, -9, -9]
    pairs = [list(pair) for pair in zip(PIECES, scores, strict=True)]
    labels = labels_of({"type": "Unigram", "unk_id": 0, "vocab": pairs})
    assert build_tokenizer(labels.tokenizer).encode("the") == [1, 5, 4]


def test_the_row_of_the_blank_goes_last_and_others_keep_their_order(labels_of):
    added = [{"id": 0, "content": "<pad>"}, {"id": 8, "content": "<unk>"}]
    vocabulary = {piece: row for row, piece in enumerate(PIECES) if row}
    labels = labels_of(bpe(vocab=vocabulary), added=added, blank=0)
    assert labels.order == [*range(1, 9), 0]
    assert build_tokenizer(labels.tokenizer).decode([6, 7]) == "the<unk>"


def test_without_a_piece_for_the_unknown_texts_are_written_alike(labels_of):
    vocabulary = {piece: row for row, piece in enumerate(PIECES[1:])}
    added = [{"id": 7, "content": "<pad>"}]
    labels = labels_of(bpe(vocab=vocabulary, unk_token=None), added=added, rows=8)
    assert labels.tokenizer["type"] == "tokens"
    assert build_tokenizer(labels.tokenizer).decode([6, 0, 2]).strip() == "the h"


def test_characters_are_replaced_by_the_table_of_the_file(labels_of):
    folding = SentencePieceNormalizer(rule_name="nfkc_cf").serialized_model_proto()
    messages: Any = sentencepiece_model_pb2
    stored = messages.ModelProto.FromString(folding).normalizer_spec
    table = base64.b64encode(stored.precompiled_charsmap).decode("ascii")
    steps = [{"type": "Strip"}, {"type": "Precompiled", "precompiled_charsmap": table}]
    folded = labels_of(bpe(), normalizer={"type": "Sequence", "normalizers": steps})
    assert build_tokenizer(folded.tokenizer).encode("THE") == [7]
    with pytest.raises(ValueError, match="in no piece of the tokenizer"):
        build_tokenizer(labels_of(bpe()).tokenizer).encode("THE")


@pytest.mark.parametrize("table", ["é", "#"])
def test_a_table_of_characters_that_is_damaged_is_left_out(labels_of, table):
    damaged = {"type": "Precompiled", "precompiled_charsmap": table}
    assert labels_of(bpe(), normalizer=damaged) == labels_of(bpe())


@pytest.mark.parametrize(
    "decoder",
    [
        {"type": "Sequence", "decoders": [SPACES, {"type": "ByteFallback"}, FUSE, STRIP]},
        {"type": "Sequence", "decoders": [METASPACE]},
        SPACES,
    ],
)
def test_decoders_that_put_spaces_for_marks_are_known(labels_of, decoder):
    assert labels_of(bpe(), decoder).order[-1] == 8


@pytest.mark.parametrize(
    "decoder",
    [
        None,
        {"type": "ByteLevel"},
        {"type": "WordPiece"},
        {**METASPACE, "replacement": "_"},
        {"type": "Sequence", "decoders": [STRIP, SPACES]},
        {"type": "Sequence", "decoders": [FUSE]},
        {"type": "Sequence", "decoders": [SPACES, {"type": "CTC"}]},
    ],
)
def test_other_decoders_are_refused(labels_of, decoder):
    with pytest.raises(BundleError, match=r"PB031.*a decoder of type"):
        labels_of(bpe(), decoder)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"model": {"type": "WordLevel"}}, "a tokenizer of type `WordLevel` is not supported"),
        ({"model": None}, "a tokenizer of type `None` is not supported"),
        ({"model": bpe(vocab={"a": "1"})}, "its pieces are not numbered texts"),
        ({"model": bpe(vocab={"<0x0A>": 0})}, "pieces that are single bytes"),
        ({"model": bpe(), "added": ()}, "the blank `<pad>` is row None, and row None"),
        ({"model": bpe(), "blank": 3}, "the blank `<pad>` is row 8, and row 3 in the"),
        ({"model": bpe(), "rows": 8}, "the blank `<pad>` is row 8, and row None in the"),
        ({"model": {"type": "Unigram", "vocab": [["a", 0], ["b"]]}}, "not numbered texts"),
    ],
)
def test_what_cannot_be_read_is_refused(labels_of, arguments, told):
    with pytest.raises(BundleError) as caught:
        labels_of(**arguments)
    assert told in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.sampled_from(["", "a", MARK, "<pad>"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "id", "content"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["vocab", "merges", "unk_token", "unk_id", "type"]),
    anything,
    st.sampled_from(["decoder", "added_tokens", "normalizer"]),
    anything,
    st.sampled_from(["BPE", "Unigram"]),
)
def test_no_file_makes_anything_but_labels_or_a_refusal(tmp_path, key, one, part, other, kind):
    model = bpe(**{key: one})
    if kind == "Unigram" and key != "type":
        pairs = [[piece, 0.0] for piece in PIECES]
        model = {"type": "Unigram", "unk_id": 0, "vocab": pairs, key: one}
    data = {"model": model, "decoder": METASPACE, "added_tokens": [PAD], part: other}
    (tmp_path / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    try:
        labels = read_pieces(tmp_path, "<pad>", 9, 8)
    except BundleError:
        return
    assert build_tokenizer(labels.tokenizer).vocabulary.size == 8
