"""Looking at speech before a graph is written: how much, how long, which rate, which letters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from phonograph.data.audio_check import check_headers
from phonograph.data.audio_file import probe
from phonograph.data.characters import CharacterTokenizer
from phonograph.data.dataset import check_texts
from phonograph.data.faults import data_error
from phonograph.data.normalization import normalize
from phonograph.errors import DataError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from phonograph.data.manifest import Utterance

PROBED = 200
"""Recordings whose headers are read, the first one and others all over the manifest."""

LATIN = "abcdefghijklmnopqrstuvwxyz"

_MOST_OF_LATIN = 18
"""Letters of `LATIN` after which the others are expected too."""

_SMALL = "a'"  # an alphabet of small letters keeps the apostrophe, which English has inside words


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to know of speech before a graph is written for it.

    Args:
        utterances: how many.
        seconds: of all together.
        shortest: seconds of the shortest utterance.
        longest: seconds of the longest.
        sample_rate: samples per second of the recordings that were looked at.
        alphabet: the characters of the texts as they are normalised, the space first.
        fastest: characters per second that 99 of 100 utterances stay below.
        silent: utterances whose text is empty once it is normalised.
        digits: utterances whose text has digits.
    """

    utterances: int
    seconds: float
    shortest: float
    longest: float
    sample_rate: int
    alphabet: str
    fastest: float
    silent: int
    digits: int

    @property
    def hours(self) -> float:
        """Hours of all together."""
        return self.seconds / 3600


def survey(utterances: Sequence[Utterance], others: Sequence[Utterance] = ()) -> Survey:
    """Look at speech.

    Args:
        utterances: what is learnt from, at least one.
        others: what is validated on; its texts have to be written too.

    Raises:
        DataError: recordings that cannot be read, or do not go together; texts that no alphabet of
            characters can write.
    """
    rate = _common_rate(utterances)
    everything = [*utterances, *others]
    texts = [normalize(utterance.text, _SMALL) for utterance in everything]
    alphabet = alphabet_of(texts)
    try:
        tokenizer = CharacterTokenizer(alphabet)
    except ValueError as error:
        help = "spell such characters in one way"
        raise DataError(Diagnostic("PD020", str(error), everything[0].place, help=help)) from None
    faults = check_texts(everything, tokenizer)
    if faults:
        raise data_error(faults)
    durations = [utterance.duration for utterance in utterances]
    paces = sorted(len(text) / u.duration for u, text in zip(utterances, texts, strict=False))
    return Survey(
        utterances=len(utterances),
        seconds=sum(durations),
        shortest=min(durations),
        longest=max(durations),
        sample_rate=rate,
        alphabet=alphabet,
        fastest=paces[int(0.99 * (len(paces) - 1))],
        silent=texts.count(""),
        digits=sum(any(map(str.isdigit, text)) for text in texts),
    )


def alphabet_of(texts: Iterable[str]) -> str:
    """Return the characters of normalised texts, the space first; a to z where most of it occurs.

    >>> alphabet_of(["ab c", "é"])
    ' abcé'
    """
    found = {character for text in texts for character in text} - {" "}
    if len(found & set(LATIN)) >= _MOST_OF_LATIN:
        found |= {*LATIN, "'"}
    return " " + "".join(sorted(found, key=lambda character: (character == "'", character)))


def _common_rate(utterances: Sequence[Utterance]) -> int:
    """Return the rate of the recordings; they have to be alike."""
    looked_at = _spread(utterances, PROBED)
    rates: Counter[int] = Counter()
    for utterance in looked_at:
        try:
            rates[probe(utterance.audio, utterance.place).sample_rate] += 1
        except DataError:  # `check_headers` tells all of them
            continue
    rate = rates.most_common(1)[0][0] if rates else 16000
    faults = check_headers(looked_at, rate)
    if not faults:
        return rate
    first, more = faults[0], len(faults) - 1
    if more:
        looked = f"{len(looked_at)} recordings looked at"
        causes = [f"{more} more of the {looked} are at fault as well"]
        if len(rates) > 1:
            found = ", ".join(f"{count} x {rate}" for rate, count in rates.most_common())
            causes.append(f"samples per second: {found}")
        first = replace(first, causes=tuple(causes))
    raise DataError(first)


def _spread(utterances: Sequence[Utterance], count: int) -> list[Utterance]:
    """Take so many, as evenly as possible, the first one always."""
    step = max(1.0, len(utterances) / count)
    return [utterances[int(number * step)] for number in range(min(count, len(utterances)))]
