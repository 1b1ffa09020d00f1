"""How sure an error rate is: its interval by resampling what was scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000

FEWEST_SPEAKERS = 5
"""With fewer, drawing whole speakers says little."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where an error rate lies with 95 % probability.

    Args:
        low: rate, at least 0.
        high: rate, at least `low`.
        over: what was drawn, `utterances` or `speakers`.
    """

    low: float
    high: float
    over: str

    def to_json(self) -> dict[str, object]:
        """Return plain data."""
        return {"low": self.low, "high": self.high, "over": self.over}


def bootstrap(errors: Sequence[int], words: Sequence[int], over: str = "utterances") -> Interval:
    """Draw as many utterances as there are, with replacement, a thousand times.

    Bisani & Ney 2004, Bootstrap estimates for confidence intervals in ASR performance evaluation,
    sec. 2. The draws are the same every time.

    Args:
        errors: of each utterance, at least 0.
        words: of each reference, at least 0; as many, and at least one of them.
        over: what one entry is, for the record.

    >>> bootstrap([0, 0, 0], [4, 5, 6])
    Interval(low=0.0, high=0.0, over='utterances')
    """
    wrong, said = np.asarray(errors, np.int64), np.asarray(words, np.int64)
    random = np.random.default_rng(0)
    rates = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        drawn = random.integers(len(wrong), size=len(wrong))
        rates[draw] = wrong[drawn].sum() / max(said[drawn].sum(), 1)
    low, high = np.quantile(rates, (0.025, 0.975))
    return Interval(float(low), float(high), over)


def bootstrap_speakers(
    errors: Sequence[int], words: Sequence[int], speakers: Sequence[str]
) -> Interval | None:
    """Draw whole speakers, whose utterances are not independent of each other.

    Args:
        errors: of each utterance.
        words: of each reference.
        speakers: of each utterance; empty where nobody knows.

    Returns:
        None where a speaker is not known, or where there are fewer than five.

    >>> bootstrap_speakers([1, 0], [4, 4], ["a", "b"]) is None
    True
    """
    names, numbers = np.unique(np.asarray(speakers, str), return_inverse=True)
    if len(names) < FEWEST_SPEAKERS or "" in names:
        return None
    wrong = np.bincount(numbers, np.asarray(errors)).astype(np.int64)
    said = np.bincount(numbers, np.asarray(words)).astype(np.int64)
    return bootstrap(wrong.tolist(), said.tolist(), "speakers")
