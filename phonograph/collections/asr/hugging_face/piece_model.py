"""A SentencePiece model with the pieces of a tokenizer.json, so that texts are cut the same way."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_UNIGRAM, _BPE = 1, 2
_NORMAL, _UNKNOWN, _WRITTEN_AS_IT_IS, _UNUSED = 1, 2, 4, 5


def piece_model(data: Mapping[str, Any], pieces: Sequence[str]) -> bytes | None:
    """Write the tokenizer as a SentencePiece model.

    Byte pair encoding gives every piece the rank of the first merge that makes it, which is the
    order of the model that such a tokenizer was made from.

    Args:
        data: of a tokenizer.json.
        pieces: those of the result, in its order; what is not a piece in the file is never cut.

    Returns:
        the file; None where no piece is for the unknown, without which there is no such model.
    """
    from sentencepiece import sentencepiece_model_pb2

    model = data["model"]
    unknown = _unknown(model)
    if unknown not in pieces:
        return None
    scores = _scores(model)
    added = {token["content"] for token in added_tokens(data)}
    messages: Any = sentencepiece_model_pb2  # its classes are made when it is imported
    built = messages.ModelProto()
    for piece in pieces:
        kind = _WRITTEN_AS_IT_IS if piece in added else _NORMAL
        kind = kind if piece in added or piece in scores else _UNUSED
        kind = _UNKNOWN if piece == unknown else kind
        built.pieces.add(piece=piece, score=scores.get(piece, 0.0), type=kind)
    built.trainer_spec.model_type = _BPE if model["type"] == "BPE" else _UNIGRAM
    built.trainer_spec.vocab_size = len(pieces)
    built.trainer_spec.unk_id = list(pieces).index(unknown)
    built.trainer_spec.unk_surface = unknown  # the library writes its name
    for name in ("bos_id", "eos_id", "pad_id"):
        setattr(built.trainer_spec, name, -1)
    built.normalizer_spec.name = "identity"
    for table in _character_tables(data.get("normalizer")):
        built.normalizer_spec.precompiled_charsmap = table
    return bytes(built.SerializeToString())


def added_tokens(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tokens that stand beside the pieces of a tokenizer.json."""
    added = data.get("added_tokens")
    return [token for token in added if isinstance(token, dict)] if isinstance(added, list) else []


def scored(pair: Any) -> tuple[Any, float]:
    """Return a piece of a Unigram tokenizer and its score; what is no such pair has no piece.

    >>> scored(["the", -2.5]), scored("the")
    (('the', -2.5), (None, 0.0))
    """
    match pair:
        case [piece, int() | float() as score]:
            return piece, float(score)
    return None, 0.0


def _unknown(model: Mapping[str, Any]) -> Any:
    if model["type"] == "BPE":
        return model.get("unk_token")
    row, pieces = model.get("unk_id"), model["vocab"]
    return scored(pieces[row])[0] if type(row) is int and 0 <= row < len(pieces) else None


def _scores(model: Mapping[str, Any]) -> dict[str, float]:
    """Return what decides between ways to cut a text: the larger score goes first."""
    if model["type"] == "Unigram":
        return dict(map(scored, model["vocab"]))
    scores: dict[str, float] = dict.fromkeys(model["vocab"], 0.0)
    merges = model.get("merges")
    for rank, merge in enumerate(merges if isinstance(merges, list) else [], start=1):
        parts = merge.split(" ") if isinstance(merge, str) else merge
        piece = "".join(map(str, parts)) if isinstance(parts, list) else ""
        if scores.get(piece) == 0.0:
            scores[piece] = -float(rank)
    return scores


def _character_tables(normalizer: Any) -> Iterator[bytes]:
    """Find the table of characters that are written as others, if there is one."""
    match normalizer:
        case {"type": "Sequence", "normalizers": list(steps)}:
            for step in steps:
                yield from _character_tables(step)
        case {"type": "Precompiled", "precompiled_charsmap": str(table)}:
            try:
                yield base64.b64decode(table, validate=True)
            except ValueError:
                return
