"""Transcripts that are much too long or too short for their recording, against all the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phonograph.errors import Diagnostic
from phonograph.training.preflight.subject import Subject

FEWEST = 30
"""Utterances of similar length, below which nothing can be said of their pace."""

FAR = 4.5
"""Robust standard deviations from the median, beyond which a pace is told."""

IMPOSSIBLE = 40.0
"""Characters per second; more are told even where the others differ widely."""

SPREAD = 0.12
"""The least standard deviation of the logarithm of a pace; speech of a machine has less."""

NORMAL = 1.4826
"""Standard deviations in a median absolute deviation of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast texts of similar length are spoken.

    Args:
        median: characters per second.
        slowest: characters per second, below which an utterance is an outlier.
        fastest: above which it is.
    """

    median: float
    slowest: float
    fastest: float

    @classmethod
    def of(cls, paces: Sequence[float]) -> Pace:
        """Measure by medians, which a few outliers do not move.

        The scale is logarithmic: half as fast is as far off as twice as fast.

        >>> pace = Pace.of([10, 10, 10, 11, 9, 500])
        >>> round(pace.median, 1), round(pace.slowest, 1), round(pace.fastest, 1)
        (10.0, 5.8, 17.2)
        """
        logarithms = np.log(paces)
        middle = float(np.median(logarithms))
        spread = max(SPREAD, NORMAL * float(np.median(np.abs(logarithms - middle))))
        reach = FAR * spread
        fastest = max(math.exp(middle), min(math.exp(middle + reach), IMPOSSIBLE))
        return cls(math.exp(middle), math.exp(middle - reach), fastest)


def pace_faults(subjects: Iterable[Subject]) -> Iterator[tuple[Subject, Diagnostic]]:
    """Find utterances whose characters per second are far from those of texts of similar length.

    Words alone are slower than sentences, for silence around them counts more; so texts are
    compared with those of up to twice their length, where there are enough of these.
    """
    spoken = [one for one in subjects if one.sound is not None and one.text.characters]
    norms = _norms(spoken)
    for subject in spoken:
        pace, norm = pace_of(subject), norms.get(_class_of(subject)) or norms.get(None)
        if norm is not None and not norm.slowest <= pace <= norm.fastest:
            yield subject, _outlier(subject, pace, norm)


def pace_of(subject: Subject) -> float:
    """Return the characters per second of an utterance that was heard."""
    assert subject.sound is not None
    return subject.text.characters / subject.sound.seconds


def _class_of(subject: Subject) -> int:
    return int(math.log2(subject.text.characters))


def _norms(spoken: Sequence[Subject]) -> Mapping[int | None, Pace]:
    """Return a pace for each class of lengths that is large enough, and one for all others."""
    classes: dict[int | None, list[float]] = {None: []}
    for subject in spoken:
        pace = pace_of(subject)
        classes.setdefault(_class_of(subject), []).append(pace)
        classes[None].append(pace)
    return {one: Pace.of(paces) for one, paces in classes.items() if len(paces) >= FEWEST}


def _outlier(subject: Subject, pace: float, norm: Pace) -> Diagnostic:
    assert subject.sound is not None
    utterance = subject.utterance
    fast = pace > norm.median
    ratio = pace / norm.median if fast else norm.median / pace
    message = (
        f"utterance `{utterance.id}` has {subject.text.characters} characters in "
        f"{subject.sound.seconds:.2f} s, {pace:.3g} per second: {ratio:.2g} times "
        f"{'faster' if fast else 'slower'} than others, whose median is {norm.median:.3g}"
    )
    help_ = (
        "listen to it: is the recording cut, or is this the text of another?"
        if fast
        else "listen to it: does the text lack words, or is there long silence to cut off?"
    )
    code = "PD032" if fast else "PD033"
    return Diagnostic(code, message, utterance.place, "", (f"text: {utterance.text}",), help_)
