"""A few utterances that are the same in every validation, to read beside the scores."""

from __future__ import annotations

from collections.abc import Sequence

from phonograph.training.evaluate import ScoredUtterance

_LONGEST = 70
"""Characters of a text in a line of progress."""


def samples(heard: Sequence[ScoredUtterance], count: int) -> list[ScoredUtterance]:
    """Choose utterances of middling length, the same ones whatever was heard.

    Args:
        heard: what a validation heard.
        count: how many at most, at least 1.

    >>> texts = ("a", "one two", "one two three")
    >>> [one.reference for one in samples([ScoredUtterance(t, t, "") for t in texts], 1)]
    ['one two']
    """
    ranked = sorted(heard, key=lambda one: (len(one.reference), one.id))
    start = max(0, (len(ranked) - count) // 2)
    return ranked[start : start + count]


def sample_lines(heard: Sequence[ScoredUtterance]) -> list[str]:
    """Write one sample in two lines; nothing where nothing was heard.

    >>> sample_lines([ScoredUtterance("1", "one two", "on two")])
    ['  said:  one two', '  heard: on two']
    """
    return [
        line
        for one in samples(heard, 1)
        for line in (f"  said:  {_short(one.reference)}", f"  heard: {_short(one.hypothesis)}")
    ]


def _short(text: str) -> str:
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
