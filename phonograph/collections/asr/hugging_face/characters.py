"""The characters of a `Wav2Vec2CTCTokenizer`, and where the rows of the head go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.hugging_face.folder import UNREADABLE, read_json, refusal
from phonograph.collections.asr.hugging_face.labels import (
    Labels,
    content_of,
    labels,
    read_tokenizer_settings,
)

VOCABULARY = "vocab.json"

_ADDED = "added_tokens.json"
_SPECIAL = "special_tokens_map.json"


@dataclass(frozen=True, slots=True)
class Writing:
    """How a tokenizer writes its tokens.

    Args:
        pad: the token that is the blank.
        boundary: the token between words, if there is one.
        lower: whether text is written in small letters.
        added: tokens that are not in the vocabulary, by row.
    """

    pad: str
    boundary: str | None
    lower: bool
    added: dict[int, str]


def read_writing(folder: Path) -> tuple[Writing, Settings]:
    """Read the settings of the tokenizer.

    Of `clean_up_tokenization_spaces` nothing is taken over: spaces before marks stay in a text.

    Returns:
        what they say, and the settings with their faults.

    Raises:
        BundleError: PB040, a file cannot be read.
    """
    settings = read_tokenizer_settings(folder, ("Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer"))
    settings.choice("replace_word_delimiter_char", {" ": True}, " ")
    if settings.value("target_lang") is not None:
        settings.refuse("target_lang", "vocabularies of several languages are not supported")
    added = settings.value("added_tokens_decoder")
    special = read_json(folder, _SPECIAL) if (folder / _SPECIAL).exists() else {}
    pad = content_of(settings.value("pad_token", special.get("pad_token", "<pad>")))
    if pad is None:
        settings.refuse("pad_token", "a text is wanted")
    writing = Writing(
        pad=pad or "<pad>",
        boundary=content_of(settings.value("word_delimiter_token", "|")),
        lower=settings.flag("do_lower_case", default=False),
        added=_rows_of(added if isinstance(added, dict) else {}),
    )
    return writing, settings


def read_characters(folder: Path, writing: Writing, rows: int, blank: int | None) -> Labels:
    """Read which token each row of the head is.

    Every row but the blank's is a token, also `<s>` and its like: the library writes them as well.

    Args:
        folder: has vocab.json.
        writing: how its tokens are written.
        rows: of the head.
        blank: its row in the configuration; by default that of the padding token.

    Raises:
        BundleError: PB040, a file cannot be read, or does not fit the head.
    """
    names = _names(folder, writing)
    row = next((row for row, name in names.items() if name == writing.pad and row < rows), None)
    if row is None or blank not in (None, row):
        found = "no row" if row is None else f"row {row}"
        reason = f"the blank `{writing.pad}` is {found}, and row {blank} in the configuration"
        raise refusal(UNREADABLE, folder / VOCABULARY, reason)
    order = [place for place in range(rows) if place != row]
    tokens = [names.get(place, f"<unused {place}>") for place in order]
    boundary = writing.boundary if writing.boundary in tokens else None
    if writing.lower:
        tokens = [token.lower() for token in tokens]
        boundary = boundary and boundary.lower()
    return labels(folder / VOCABULARY, tokens, boundary, [*order, row])


def _rows_of(added: dict[str, Any]) -> dict[int, str]:
    contents = {row: content_of(token) for row, token in added.items()}
    return {int(r): c for r, c in contents.items() if r.isdecimal() and len(r) < 10 and c}


def _names(folder: Path, writing: Writing) -> dict[int, str]:
    names: dict[int, str] = {}
    for file in [VOCABULARY, *[_ADDED] * (folder / _ADDED).exists()]:
        for token, row in read_json(folder, file).items():
            if type(row) is not int or row < 0 or row in names:
                raise refusal(UNREADABLE, folder / file, f"`{token}` has no row of its own")
            names[row] = token
    return {**writing.added, **names}
