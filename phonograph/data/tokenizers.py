"""What a tokenizer is, and how one is built from plain data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from phonograph.data.characters import CharacterTokenizer
from phonograph.data.sentencepiece_tokenizer import SentencePieceModel, build_sentencepiece
from phonograph.data.token_list import TokenListTokenizer
from phonograph.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from phonograph.types.vocabulary import Vocabulary


class Tokenizer(Protocol):
    """Text to numbers and back; `decode(encode(normalize(text)))` is `normalize(text)`."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens; its `tokenizer` is what `build_tokenizer` takes."""
        ...

    def normalize(self, text: str) -> str:
        """Write a text as the tokenizer wants it; twice is the same as once."""
        ...

    def encode(self, text: str) -> list[int]:
        """Turn normalised text into tokens.

        Raises:
            ValueError: names what the vocabulary does not have.
        """
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Turn tokens into text.

        Raises:
            ValueError: names a number that is not a token.
        """
        ...


def build_tokenizer(description: Mapping[str, object] | SentencePieceModel) -> Tokenizer:
    """Build a tokenizer from plain data such as a graph file or a bundle holds.

    Args:
        description: `type`, and what that type needs; or pieces that were read already.

    Raises:
        ValueError: says in plain words what is wrong with the description.

    >>> build_tokenizer({"type": "characters", "alphabet": "abc "}).encode("a cab")
    [0, 3, 2, 0, 1]
    """
    if isinstance(description, SentencePieceModel):
        return build_sentencepiece(description)
    kind = description.get("type")
    if kind is None:
        raise ValueError(f"the tokenizer has no `type`; {nearest('', list(_BUILDERS))}")
    if not isinstance(kind, str) or kind not in _BUILDERS:
        raise ValueError(f"unknown tokenizer type `{kind}`; {nearest(str(kind), list(_BUILDERS))}")
    return _BUILDERS[kind](description)


def _characters(description: Mapping[str, object]) -> Tokenizer:
    for key in description:
        if key not in ("type", "alphabet"):
            raise ValueError(
                f"a tokenizer of characters has no `{key}`; known are `type`, `alphabet`"
            )
    if "alphabet" not in description:
        raise ValueError(
            "a tokenizer of characters needs an `alphabet`, its characters in one string"
        )
    alphabet = description["alphabet"]
    if not isinstance(alphabet, str):
        raise ValueError(
            f"`alphabet` is {alphabet!r}; write its characters in one string, in quotes"
        )
    return CharacterTokenizer(alphabet)


def _tokens(description: Mapping[str, object]) -> Tokenizer:
    for key in description:
        if key not in ("type", "tokens", "word_boundary"):
            raise ValueError(
                f"a tokenizer of tokens has no `{key}`; known are `type`, `tokens`, `word_boundary`"
            )
    tokens = description.get("tokens")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError("a tokenizer of tokens needs `tokens`, a list of texts")
    boundary = description.get("word_boundary")
    if boundary is not None and not isinstance(boundary, str):
        raise ValueError(f"`word_boundary` is {boundary!r}; write one of the tokens, in quotes")
    return TokenListTokenizer(tokens, word_boundary=boundary)


def _sentencepiece(description: Mapping[str, object]) -> Tokenizer:
    for key in description:
        if key not in ("type", "model", "content"):
            raise ValueError(f"a tokenizer of pieces has no `{key}`; known are `type`, `model`")
    model, content = description.get("model"), description.get("content", "")
    if not isinstance(model, str | Path | None) or not isinstance(content, str):
        raise ValueError("a tokenizer of pieces needs a `model`, the path of its file")
    path = None if model is None else Path(model)
    return build_sentencepiece(SentencePieceModel("sentencepiece", path, content))


_BUILDERS: Mapping[str, Callable[[Mapping[str, object]], Tokenizer]] = {
    "characters": _characters,
    "sentencepiece": _sentencepiece,
    "tokens": _tokens,
}
