"""Which tokens an utterance was heard to say, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Runs:
    """Tokens of one utterance and the frames that say them; arrays of equal length.

    Args:
        tokens: token numbers, int64.
        starts: first frame of each token, int64.
        ends: the frame after its last, int64.
        peaks: its largest log-probability, float32.
    """

    tokens: Array
    starts: Array
    ends: Array
    peaks: Array
