"""The tokenizer of a plain list of tokens, such as the phonemes of an acoustic model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from phonograph.types.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence


class TokenListTokenizer:
    """Number tokens of any length in the order they are given; text is their concatenation.

    Text is cut from the left, the longest token first; that may differ from the cut of the labels a
    text was joined from (`a` + `ɪ` against `aɪ`).

    Args:
        tokens: one or more different tokens, none empty.
        word_boundary: the token that stands between words and is written as a space.

    Raises:
        ValueError: there are no tokens, one is empty or repeated, or the boundary is not one.

    >>> tokenizer = TokenListTokenizer(["a", "aɪ", "m", "<wb>"], word_boundary="<wb>")
    >>> tokenizer.encode("aɪ am")
    [1, 3, 0, 2]
    >>> tokenizer.decode([1, 3, 0, 2])
    'aɪ am'
    """

    def __init__(self, tokens: Sequence[str], *, word_boundary: str | None = None) -> None:
        reason = token_list_fault(tokens, word_boundary)
        if reason is not None:
            raise ValueError(reason)
        description: dict[str, object] = {"type": "tokens", "tokens": list(tokens)}
        if word_boundary is not None:
            description["word_boundary"] = word_boundary
        self._vocabulary = Vocabulary.of(len(tokens), description)
        self._written = [" " if token == word_boundary else token for token in tokens]
        self._ids = {written: number for number, written in enumerate(self._written)}
        if word_boundary is not None:  # a token that is itself a space stays, but is never cut
            self._ids[" "] = list(tokens).index(word_boundary)
        self._longest = max(map(len, self._written))

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens in their order, without the blank."""
        return self._vocabulary

    def normalize(self, text: str) -> str:
        """Leave single spaces between words and none around them."""
        return " ".join(text.split())

    def encode(self, text: str) -> list[int]:
        """Cut a normalised text into tokens, the longest first.

        Raises:
            ValueError: names the place where no token fits.
        """
        ids = []
        start = 0
        while start < len(text):
            end = min(len(text), start + self._longest)
            while end > start and text[start:end] not in self._ids:
                end -= 1
            if end == start:
                raise ValueError(f"no token fits at `{text[start : start + self._longest]}`")
            ids.append(self._ids[text[start:end]])
            start = end
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Join the tokens that have these numbers.

        Raises:
            ValueError: names a number outside the list.
        """
        for number in ids:
            if not 0 <= number < len(self._written):
                raise ValueError(f"{number} is not a token: there are {len(self._written)}, from 0")
        return "".join(self._written[number] for number in ids)


def token_list_fault(tokens: Sequence[str], word_boundary: str | None) -> str | None:
    """Say why a list of tokens cannot be used, or nothing.

    >>> token_list_fault(["a", "b", "a"], None)
    'the tokens have `a` more than once'
    """
    if not tokens:
        return "there are no tokens"
    if "" in tokens:
        return f"token {list(tokens).index('')} is empty"
    repeated = [token for token, count in Counter(tokens).items() if count > 1]
    if repeated:
        return f"the tokens have {', '.join(f'`{token}`' for token in repeated)} more than once"
    if word_boundary is not None and word_boundary not in tokens:
        return f"the word boundary `{word_boundary}` is not among the tokens"
    return None
