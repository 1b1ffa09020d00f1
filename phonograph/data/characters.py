"""The character tokenizer: every letter of an alphabet is a token."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from phonograph.data.normalization import normalize
from phonograph.types.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CharacterTokenizer:
    """Number the characters of an alphabet in the order they are given.

    Args:
        alphabet: one or more different characters, in the form that `normalize` leaves.

    Raises:
        ValueError: the alphabet is empty, repeats a character, or has one that never occurs
            in normalised text.

    >>> tokenizer = CharacterTokenizer("abcdefghijklmnopqrstuvwxyz '")
    >>> tokenizer.decode(tokenizer.encode(tokenizer.normalize("It's a CAB!")))
    "it's a cab"
    """

    def __init__(self, alphabet: str) -> None:
        reason = alphabet_fault(alphabet)
        if reason is not None:
            raise ValueError(reason)
        self._alphabet = alphabet
        self._ids = {character: number for number, character in enumerate(alphabet)}
        description = {"type": "characters", "alphabet": alphabet}
        self._vocabulary = Vocabulary.of(len(alphabet), description)

    @property
    def vocabulary(self) -> Vocabulary:
        """One token for each character, without the blank."""
        return self._vocabulary

    def normalize(self, text: str) -> str:
        """Write a text in the manner of the alphabet."""
        return normalize(text, self._alphabet)

    def encode(self, text: str) -> list[int]:
        """Number each character of a normalised text.

        Raises:
            ValueError: names each character that is not in the alphabet.
        """
        unknown = Counter(character for character in text if character not in self._ids)
        if unknown:
            verb = "is" if len(unknown) == 1 else "are"
            raise ValueError(f"{_names(sorted(unknown))} {verb} not in the alphabet")
        return [self._ids[character] for character in text]

    def decode(self, ids: Sequence[int]) -> str:
        """Join the characters that have these numbers.

        Raises:
            ValueError: names a number outside the alphabet.
        """
        for number in ids:
            if not 0 <= number < len(self._alphabet):
                raise ValueError(
                    f"{number} is not a token: there are {len(self._alphabet)}, from 0"
                )
        return "".join(self._alphabet[number] for number in ids)


def alphabet_fault(alphabet: str) -> str | None:
    """Say why an alphabet cannot be used, or nothing.

    >>> alphabet_fault("abca")
    'the alphabet has `a` more than once'
    """
    if not alphabet:
        return "the alphabet is empty"
    repeated = [character for character, count in Counter(alphabet).items() if count > 1]
    if repeated:
        return f"the alphabet has {_names(repeated)} more than once"
    for character in alphabet:
        written = normalize(character, alphabet)
        if character != " " and written != character:
            instead = f"it is written {_names(written)}" if written else "it is white space"
            return f"the alphabet has {_names(character)}, which no normalised text has: {instead}"
    return None


def _names(characters: Iterable[str]) -> str:
    return ", ".join(_name(character) for character in characters)


def _name(character: str) -> str:
    if character == " ":
        return "the space"
    if character.isprintable() and not unicodedata.combining(character):
        return f"`{character}`"
    return f"U+{ord(character):04X}"
