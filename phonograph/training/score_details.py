"""What lies behind an error rate: its interval, the commonest confusions, single speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from phonograph.collections.asr.bootstrap import Interval, bootstrap, bootstrap_speakers
from phonograph.collections.asr.confusions import Confusions, confusions_of
from phonograph.collections.asr.word_errors import (
    Edit,
    ErrorCounts,
    align_characters,
    align_words,
    count,
)
from phonograph.training.evaluate import ScoredUtterance

_ALIGNED = {"wer": align_words, "cer": align_characters}


@dataclass(frozen=True, slots=True)
class ScoreDetails:
    """What lies behind an error rate.

    Args:
        counts: errors of each utterance.
        by_utterance: the interval when utterances are drawn.
        by_speaker: the interval when whole speakers are drawn; None where that says little.
        confusions: the commonest edits.
        speakers: errors of each speaker, worst first; empty where nobody is known.
    """

    counts: tuple[ErrorCounts, ...]
    by_utterance: Interval
    by_speaker: Interval | None
    confusions: Confusions
    speakers: Mapping[str, ErrorCounts]

    @property
    def interval(self) -> Interval:
        """The wider view: over speakers where they are known."""
        return self.by_speaker or self.by_utterance

    def to_json(self) -> dict[str, object]:
        """Return plain data, without that of single utterances."""
        return {
            "interval": self.interval.to_json(),
            "intervals": [one.to_json() for one in (self.by_utterance, self.by_speaker) if one],
            "confusions": self.confusions.to_json(),
            "speakers": {name: counts.to_json() for name, counts in self.speakers.items()},
        }


def score_details(
    metric: str, utterances: Sequence[ScoredUtterance], speakers: Mapping[str, str], top: int = 10
) -> ScoreDetails | None:
    """Look behind an error rate.

    Args:
        metric: `wer` or `cer`.
        utterances: what was said and heard.
        speakers: id -> speaker, as far as known.
        top: how many of the commonest edits of a kind, at least 0.

    Returns:
        None for another metric, and for no utterances.

    >>> found = score_details("wer", [ScoredUtterance("1", "one two", "one too")], {})
    >>> found.confusions.substitutions
    ((Edit(op='substitute', ref='two', hyp='too'), 1),)
    """
    align = _ALIGNED.get(metric)
    if align is None or not utterances:
        return None
    edits: list[list[Edit]] = [align(one.reference, one.hypothesis) for one in utterances]
    counts = tuple(count(one) for one in edits)
    errors, words = [one.errors for one in counts], [one.reference for one in counts]
    names = [speakers.get(one.id, "") for one in utterances]
    return ScoreDetails(
        counts=counts,
        by_utterance=bootstrap(errors, words),
        by_speaker=bootstrap_speakers(errors, words, names),
        confusions=confusions_of(edits, top),
        speakers=_by_speaker(names, counts),
    )


def _by_speaker(names: Sequence[str], counts: Sequence[ErrorCounts]) -> dict[str, ErrorCounts]:
    found: dict[str, ErrorCounts] = {}
    for name, one in zip(names, counts, strict=True):
        if name:
            found[name] = found.get(name, ErrorCounts()) + one
    return dict(sorted(found.items(), key=lambda item: (-item[1].rate, item[0])))
