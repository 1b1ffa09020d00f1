"""A vocabulary as a value: arithmetic uses its size, equality its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens a tokenizer can produce, without any blank.

    Two alphabets of equal size are different vocabularies: their fingerprints differ.

    Args:
        size: number of tokens, at least 1.
        fingerprint: 16 hexadecimal digits that identify the tokens and their order.
        tokenizer: plain data from which the tokenizer is built again.

    >>> Vocabulary.of(3, {"type": "characters", "alphabet": "abc"})
    Vocabulary(3 tokens, characters, bf547273b887d63e)
    """

    size: int
    fingerprint: str
    tokenizer: Mapping[str, object] = field(compare=False, hash=False)

    @classmethod
    def of(cls, size: int, tokenizer: Mapping[str, object]) -> Vocabulary:
        """Make a vocabulary whose fingerprint is taken from the tokenizer's description."""
        canonical = json.dumps(tokenizer, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return cls(size, digest[:16], dict(tokenizer))

    def __repr__(self) -> str:
        return f"Vocabulary({self})"

    def __str__(self) -> str:
        return f"{self.size} tokens, {self.tokenizer.get('type', '?')}, {self.fingerprint}"
