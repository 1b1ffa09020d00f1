"""The tokenizer of word pieces that a SentencePiece model defines."""

from __future__ import annotations

import base64
import binascii
import hashlib
import lzma
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from phonograph.data.normalization import normalize
from phonograph.types.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_MODEL_BYTES = 1 << 24
MAX_CONTENT = 1 << 24

_SPACE = "▁"
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
_ROUNDS = 4  # of normalisation: each changes less than the one before


@dataclass(frozen=True, slots=True)
class SentencePieceModel:
    """A SentencePiece model as YAML gives it, by path, and as locks and bundles carry it, whole.

    Args:
        type: `sentencepiece`.
        model: the model's file; it is read at once, and `content` takes its place.
        content: the file, compressed (xz) and written as base64.

    Raises:
        ValueError: the model cannot be read, or is none.
    """

    type: Literal["sentencepiece"]
    model: Path | None = None
    content: str = ""

    def __post_init__(self) -> None:
        if self.model is not None:
            object.__setattr__(self, "content", packed(_read(self.model)))
            object.__setattr__(self, "model", None)
        if not self.content:
            raise ValueError("a tokenizer of pieces needs a `model`, the path of its file")
        _loaded(self.content)


class SentencePieceTokenizer:
    """Cut text into pieces (Kudo and Richardson 2018, 1808.06226).

    Args:
        model: the bytes of a SentencePiece model.

    Raises:
        ValueError: they are not one.

    Texts take the case of the pieces where these have only one; then the model's own
    normalisation is applied. The pieces for the unknown and for control are part of the
    vocabulary, but no text is written with them.
    """

    def __init__(self, model: bytes) -> None:
        self._pieces = _processor(model)
        size = self._pieces.vocab_size()
        written = [
            self._pieces.id_to_piece(number)
            for number in range(size)
            if not (
                self._pieces.is_control(number)
                or self._pieces.is_unknown(number)
                or self._pieces.is_byte(number)
            )
        ]
        self._alphabet = "".join(sorted(set("".join(written)) - {_SPACE} | {" "}))
        description = {"type": "sentencepiece", "content": packed(model)}
        self._vocabulary = Vocabulary(size, hashlib.sha256(model).hexdigest()[:16], description)

    @property
    def vocabulary(self) -> Vocabulary:
        """The pieces in the model's order; the fingerprint is that of the model's file."""
        return self._vocabulary

    def normalize(self, text: str) -> str:
        """Write a text as the pieces want it."""
        for _ in range(_ROUNDS):
            before = text
            plain = normalize(text, self._alphabet)
            spaced = self._pieces.normalize(plain).replace(_SPACE, " ")
            text = " ".join(spaced.split())
            if text == before:
                break
        return text

    def encode(self, text: str) -> list[int]:
        """Cut a normalised text into pieces, as likely ones as the model knows.

        Raises:
            ValueError: names each character that no piece has.
        """
        ids: list[int] = self._pieces.encode_as_ids(text)
        unknown = self._pieces.unk_id()
        if unknown in ids:
            cut = zip(ids, self._pieces.encode_as_pieces(text), strict=True)
            lost = {c for number, piece in cut if number == unknown for c in piece} - {_SPACE}
            verb = "is" if len(lost) == 1 else "are"
            raise ValueError(f"{_names(sorted(lost))} {verb} in no piece of the tokenizer")
        return ids

    def piece(self, number: int) -> str:
        """Return the piece that has a number; `▁` stands for a space."""
        return str(self._pieces.id_to_piece(number))

    def decode(self, ids: Sequence[int]) -> str:
        """Join the pieces that have these numbers.

        Raises:
            ValueError: names a number that is no piece.
        """
        size = self._vocabulary.size
        for number in ids:
            if not 0 <= number < size:
                raise ValueError(f"{number} is not a token: there are {size}, from 0")
        return str(self._pieces.decode(list(map(int, ids))))


def packed(model: bytes) -> str:
    """Write a file as text.

    >>> unpacked(packed(b"pieces"))
    b'pieces'
    """
    return base64.b64encode(lzma.compress(model, filters=_FILTERS)).decode("ascii")


def unpacked(content: str) -> bytes:
    """Read what `packed` has written.

    Raises:
        ValueError: it is damaged or too large.
    """
    if len(content) > MAX_CONTENT:
        raise ValueError("`content` is too long for a tokenizer's model")
    try:
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28)
        model = reader.decompress(base64.b64decode(content, validate=True), MAX_MODEL_BYTES)
    except (binascii.Error, lzma.LZMAError, EOFError) as error:
        raise ValueError(f"`content` is damaged: {error}") from None
    if not reader.eof:
        raise ValueError("`content` is cut off, or too large for a tokenizer's model")
    return model


@lru_cache(maxsize=8)
def _loaded(content: str) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(unpacked(content))


def build_sentencepiece(description: SentencePieceModel) -> SentencePieceTokenizer:
    """Build the tokenizer of a model that was read."""
    return _loaded(description.content)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            model = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ValueError(f"`model` cannot be read: {path}: {error.strerror}") from None
    if len(model) > MAX_MODEL_BYTES:
        raise ValueError(f"`model` is too large: {path} has more than {MAX_MODEL_BYTES:,} bytes")
    return model


def _processor(model: bytes) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        if model:
            return SentencePieceProcessor(model_proto=model)
    except (RuntimeError, TypeError, ValueError):
        pass
    raise ValueError("`model` is not a SentencePiece model")


def _names(characters: Iterable[str]) -> str:
    return ", ".join(
        f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
        for character in characters
    )
