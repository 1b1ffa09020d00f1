"""Transcripts against the tokenizer: which characters there are, and which it cannot write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise

from phonograph.data.manifest import Utterance
from phonograph.data.tokenizers import Tokenizer
from phonograph.errors import Diagnostic
from phonograph.training.preflight.subject import TextFacts


@dataclass(slots=True)
class Unknown:
    """A character that the tokenizer cannot write.

    Args:
        count: how often it comes.
        lines: transcripts that have it.
        places: the first of them, as `file:line`.
    """

    count: int = 0
    lines: int = 0
    places: list[str] = field(default_factory=list)


class TextCheck:
    """Looks at transcripts one after another.

    Args:
        tokenizer: turns them into tokens.

    Attributes:
        characters: how often each character comes in the normalised transcripts.
        unknown: those of them that the tokenizer cannot write.
    """

    FIRST_PLACES = 5

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, bool] = {}
        self.characters: Counter[str] = Counter()
        self.unknown: dict[str, Unknown] = {}

    def look_at(self, utterance: Utterance) -> tuple[TextFacts, list[Diagnostic]]:
        """Return what a transcript is in numbers, and what is wrong with it."""
        text = self._tokenizer.normalize(utterance.text)
        self.characters.update(text)
        faults: list[Diagnostic] = []
        tokens: Sequence[int] = ()
        try:
            tokens = self._tokenizer.encode(text)
        except ValueError as error:
            self._count_unknown(text, utterance)
            faults.append(_unwritable(utterance, str(error)))
        if not text:
            faults.append(_empty(utterance))
        facts = TextFacts(
            characters=len(text),
            tokens=len(tokens),
            needed=frames_needed(tokens),
            writable=not faults or not text,
            digest=blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(),
        )
        return facts, faults

    def unknown_in(self, text: str) -> Iterator[tuple[str, bool]]:
        """Give each character of a text, and whether the tokenizer cannot write it."""
        for character in text:
            yield character, character in self.unknown

    def _count_unknown(self, text: str, utterance: Utterance) -> None:
        lost = Counter(character for character in text if not self._is_known(character))
        for character, count in lost.items():
            unknown = self.unknown.setdefault(character, Unknown())
            unknown.count += count
            unknown.lines += 1
            if len(unknown.places) < self.FIRST_PLACES:
                unknown.places.append(str(utterance.place))

    def _is_known(self, character: str) -> bool:
        if character not in self._known:
            try:
                self._tokenizer.encode(character)
                self._known[character] = True
            except ValueError:
                self._known[character] = False
        return self._known[character]


def frames_needed(tokens: Sequence[int]) -> int:
    """Return the fewest frames in which CTC can say tokens (Graves et al. 2006, sec. 3.1).

    >>> frames_needed([5, 5, 7])
    4
    """
    return len(tokens) + sum(left == right for left, right in pairwise(tokens))


def _unwritable(utterance: Utterance, reason: str) -> Diagnostic:
    help_ = "spell it out in `text`, or let the tokenizer know it"
    message = f"utterance `{utterance.id}`: {reason}"
    cause = f"text: {utterance.text}"
    return Diagnostic("PD020", message, utterance.place, "", (cause,), help_)


def _empty(utterance: Utterance) -> Diagnostic:
    written = f", `{utterance.text}` as it is written" if utterance.text.strip() else ""
    message = f"utterance `{utterance.id}` has no text{written}"
    help_ = "write what is said, or take the line out; leave it where nothing is said"
    return Diagnostic("PD031", message, utterance.place, help=help_)
