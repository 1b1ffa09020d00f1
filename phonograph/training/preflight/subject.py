"""One utterance as preflight keeps it: the line, its transcript in numbers, what was heard."""

from __future__ import annotations

from dataclasses import dataclass

from phonograph.data.manifest import Utterance
from phonograph.training.preflight.sound import Sound


@dataclass(frozen=True, slots=True)
class TextFacts:
    """A normalised transcript in numbers.

    Args:
        characters: how many, spaces too.
        tokens: how many; 0 where the tokenizer cannot write the text.
        needed: frames that CTC needs: one for each token, one more between two equal ones.
        writable: whether the tokenizer can write the text.
        digest: equal for equal texts.
    """

    characters: int
    tokens: int
    needed: int
    writable: bool
    digest: bytes


@dataclass(slots=True)
class Subject:
    """An utterance whose line could be read.

    Args:
        utterance: the line.
        split: `train`, `validation` or `test`.
        speaker: who speaks, where the line says so.
        text: what the transcript is in numbers.
        sound: what its audio is in numbers; None where that is at fault or was not read yet.
    """

    utterance: Utterance
    split: str
    speaker: str | None
    text: TextFacts
    sound: Sound | None = None
