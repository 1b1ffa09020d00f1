"""The kinds of value that may flow along a wire: a single-inheritance lattice.

    Kind
    ├── Audio(rate, channels)
    ├── Frames
    │   ├── Features ── Spectrogram, Mel, MFCC
    │   └── Encoded
    ├── Scores(vocab, blank) ── Logits, Probs, LogProbs
    ├── Tokens(vocab)
    ├── Lengths(of)
    ├── Mask(of) ── Rejected
    ├── Embedding(space)
    ├── Durations, Pitch
    ├── Loss
    ├── Network(role, vocab, widths)   a module itself, not what it computes
    └── Text, Hypotheses, Id        host values: Python lists, no tensors

A kind may feed its ancestors, never its siblings. A kind's first argument spells its axes (see
`phonograph.types.axes`); attributes listed in `solved` name constructor parameters, whose values
the solver makes equal at both ends of a wire; other attributes are constants that must agree, where
the taking end does not say None, which stands for any.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import ClassVar

from phonograph.types.terms import Term, parse_term


@dataclass(frozen=True, slots=True)
class Kind:
    """Any value; the root of the lattice.

    Args:
        axes: axes separated by spaces, such as `"B feat_in T"`; empty for a single number.
    """

    axes: str = ""

    host: ClassVar[bool] = False
    solved: ClassVar[dict[str, str]] = {}

    def constants(self) -> dict[str, object]:
        """Return the attributes that must agree at both ends of a wire."""
        own = {field.name for field in fields(self)} - {"axes", "of"} - set(self.solved)
        return {name: getattr(self, name) for name in sorted(own)}

    def solved_attributes(self) -> dict[str, str]:
        """Return attribute -> the constructor parameter that holds its value."""
        return {name: getattr(self, name) for name in self.solved if getattr(self, name)}

    def __str__(self) -> str:
        return type(self).__name__


@dataclass(frozen=True, slots=True)
class Audio(Kind):
    """Samples in [-1, 1]; `rate` names the parameter with the samples per second.

    Args:
        rate: see above.
        channels: how many there are; at the taking end of a wire None stands for any number.
    """

    rate: str = "sample_rate"
    channels: int | None = 1

    solved: ClassVar[dict[str, str]] = {"rate": "sample rate"}


@dataclass(frozen=True, slots=True)
class Frames(Kind):
    """Vectors over time."""


@dataclass(frozen=True, slots=True)
class Features(Frames):
    """Acoustic features made by signal processing."""


@dataclass(frozen=True, slots=True)
class Spectrogram(Features):
    """Magnitudes or powers over linear frequency."""


@dataclass(frozen=True, slots=True)
class Mel(Features):
    """Energies over mel-scaled frequency."""


@dataclass(frozen=True, slots=True)
class MFCC(Features):
    """Mel-frequency cepstral coefficients."""


@dataclass(frozen=True, slots=True)
class Encoded(Frames):
    """Activations of a network."""


@dataclass(frozen=True, slots=True)
class Scores(Kind):
    """One score per vocabulary entry; `blank` says where the blank entry is, if there is one."""

    vocab: str = "vocab"
    blank: str = "none"

    solved: ClassVar[dict[str, str]] = {"vocab": "vocabulary"}


@dataclass(frozen=True, slots=True)
class Logits(Scores):
    """Unnormalised scores."""


@dataclass(frozen=True, slots=True)
class Probs(Scores):
    """Probabilities that sum to one."""


@dataclass(frozen=True, slots=True)
class LogProbs(Scores):
    """Natural logarithms of probabilities that sum to one."""


@dataclass(frozen=True, slots=True)
class Tokens(Kind):
    """Token numbers, 0 to size - 1; `vocab` names the parameter with the vocabulary."""

    vocab: str = "vocab"

    solved: ClassVar[dict[str, str]] = {"vocab": "vocabulary"}


@dataclass(frozen=True, slots=True)
class Lengths(Kind):
    """How many steps of the axis `of` are valid, per utterance."""

    of: str = ""


@dataclass(frozen=True, slots=True)
class Mask(Kind):
    """True where a value counts."""

    of: str = ""


@dataclass(frozen=True, slots=True)
class Rejected(Mask):
    """True for utterances that a loss could not use; training counts and names them."""


@dataclass(frozen=True, slots=True)
class Embedding(Kind):
    """One vector per utterance in a named space, such as `speaker`."""

    space: str = ""


@dataclass(frozen=True, slots=True)
class Durations(Kind):
    """Frames per token."""


@dataclass(frozen=True, slots=True)
class Pitch(Kind):
    """Fundamental frequency in Hz; 0 where unvoiced."""


@dataclass(frozen=True, slots=True)
class Loss(Kind):
    """A number to make small."""


@dataclass(frozen=True, slots=True)
class Network(Kind):
    """A module itself, with its weights, for a decoder that calls it step by step.

    The module's method does not return it; a view that wants only the network does not run it.
    `encoded` and `predicted` name the widths of the frames and of the prefixes that it takes or
    gives when it is called, where it has such.
    """

    role: str = ""
    vocab: str = "vocab"
    encoded: str = ""
    predicted: str = ""

    solved: ClassVar[dict[str, str]] = {
        "vocab": "vocabulary",
        "encoded": "width",
        "predicted": "width",
    }


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """A list of strings, one per utterance."""

    host: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Hypotheses(Kind):
    """A list of recognition results with times and confidences, one per utterance."""

    host: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Id(Kind):
    """A list of utterance names."""

    host: ClassVar[bool] = True


@lru_cache(maxsize=4096)
def parse_axes(axes: str) -> tuple[Term, ...]:
    """Split a port's axes into terms.

    >>> [str(term) for term in parse_axes("B d_model ceil(T/stride)")]
    ['B', 'd_model', 'ceil(T/stride)']
    """
    return tuple(parse_term(axis) for axis in axes.split())
