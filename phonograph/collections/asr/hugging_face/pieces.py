"""The pieces of words of a tokenizer.json, and where the rows of the head go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phonograph.collections.asr.foreign_settings import UNSUPPORTED, Settings
from phonograph.collections.asr.hugging_face.folder import UNREADABLE, read_json, refusal
from phonograph.collections.asr.hugging_face.labels import (
    Labels,
    content_of,
    labels,
    read_tokenizer_settings,
)
from phonograph.collections.asr.hugging_face.piece_model import added_tokens, piece_model, scored
from phonograph.data.sentencepiece_tokenizer import packed
from phonograph.data.tokenizers import build_tokenizer

TOKENIZER = "tokenizer.json"

_MARK = "\u2581"  # begins a word
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_KINDS = ("ParakeetTokenizer", "ParakeetTokenizerFast", "PreTrainedTokenizerFast")


def read_piece_settings(folder: Path) -> tuple[str | None, Settings]:
    """Read the settings of the tokenizer.

    Returns:
        the token that is the blank, if it is named, and the settings with their faults.

    Raises:
        BundleError: PB040, a file cannot be read.
    """
    settings = read_tokenizer_settings(folder, _KINDS)
    return content_of(settings.value("pad_token")), settings


def read_pieces(folder: Path, pad: str | None, rows: int, blank: int | None) -> Labels:
    """Read which piece each row of the head is.

    A tokenizer with a piece for the unknown becomes a SentencePiece model, which writes and cuts
    texts as the library does. One without becomes a list of tokens, of which the longest that fits
    is taken first when a text is cut; what is written is the same.

    Args:
        folder: has tokenizer.json.
        pad: the token that is the blank.
        rows: of the head.
        blank: its row in the configuration; by default that of the token.

    Raises:
        BundleError: PB031, the pieces are not written in a way that is supported; PB040, the file
            cannot be read, or does not fit the head.
    """
    data = read_json(folder, TOKENIZER)
    names = _names(folder, data)
    _check_decoder(folder, data.get("decoder"), names)
    named = next((row for row, name in names.items() if name == pad), None)
    row = named if blank is None else blank
    if row is None or not 0 <= row < rows or named not in (None, row):
        reason = f"the blank `{pad}` is row {named}, and row {blank} in the configuration"
        raise refusal(UNREADABLE, folder / TOKENIZER, reason)
    order = [place for place in range(rows) if place != row]
    pieces = [names.get(place, f"<unused {place}>") for place in order]
    model = piece_model(data, pieces)
    if model is None:
        tokens = [piece.replace(_MARK, " ") for piece in pieces]
        return labels(folder / TOKENIZER, tokens, None, [*order, row])
    tokenizer = {"type": "sentencepiece", "content": packed(model)}
    try:
        build_tokenizer(tokenizer)
    except ValueError as error:
        raise refusal(UNREADABLE, folder / TOKENIZER, str(error)) from None
    return Labels(tokenizer, [*order, row])


def _names(folder: Path, data: Mapping[str, Any]) -> dict[int, str]:
    numbered: list[tuple[Any, Any]]
    match data.get("model"):
        case {"type": "BPE", "vocab": dict(vocabulary)}:
            numbered = [(row, piece) for piece, row in vocabulary.items()]
        case {"type": "Unigram", "vocab": list(pieces)}:
            numbered = [(row, piece) for row, (piece, _) in enumerate(map(scored, pieces))]
        case model:
            kind = model.get("type") if isinstance(model, dict) else model
            reason = f"a tokenizer of type `{kind}` is not supported; known are `BPE`, `Unigram`"
            raise refusal(UNSUPPORTED, folder / TOKENIZER, reason)
    numbered += [(token.get("id"), content_of(token)) for token in added_tokens(data)]
    names: dict[int, str] = {}
    for row, name in numbered:
        if type(row) is not int or not isinstance(name, str):
            raise refusal(UNREADABLE, folder / TOKENIZER, "its pieces are not numbered texts")
        names[row] = name
    return names


def _check_decoder(folder: Path, decoder: Any, names: Mapping[int, str]) -> None:
    """Tokens are written side by side, with a space for each mark: another decoder is refused."""
    match decoder:
        case {"type": "Sequence", "decoders": list(steps)}:
            parts = [_part_of(step) for step in steps]
        case _:
            parts = [_part_of(decoder)]
    whole = parts.index("fuse") if "fuse" in parts else len(parts)
    if "" in parts or "spaces" not in parts or "strip" in parts[:whole]:
        kind = decoder.get("type") if isinstance(decoder, dict) else decoder
        reason = f"a decoder of type `{kind}` is not supported, or its settings are not"
        raise refusal(UNSUPPORTED, folder / TOKENIZER, reason)
    if any(map(_BYTE.fullmatch, names.values())):
        reason = "pieces that are single bytes are not supported"
        raise refusal(UNSUPPORTED, folder / TOKENIZER, reason)


def _part_of(decoder: Any) -> str:
    """Say what a decoder does, or nothing where that is not known."""
    match decoder:
        case {"type": "Metaspace", "replacement": mark} if mark == _MARK:
            return "spaces"
        case {"type": "Replace", "pattern": {"String": mark}, "content": " "} if mark == _MARK:
            return "spaces"
        case {"type": "Strip", "content": " "}:
            return "strip"
        case {"type": "Fuse"}:
            return "fuse"
        case {"type": "ByteFallback"}:
            return "bytes"
    return ""
