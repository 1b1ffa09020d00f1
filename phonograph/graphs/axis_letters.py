"""One letter for each length of a graph, for shapes a person can read: `B x 80 x T`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from phonograph.graphs.solved import Extent
from phonograph.types.axes import Role, role_of
from phonograph.types.terms import Name


@dataclass(frozen=True, slots=True)
class Axis:
    """A time or label axis and the letter it goes by.

    Args:
        letter: such as `T`, or `T2` for a second one.
        extent: how long it is.
    """

    letter: str
    extent: Extent

    @property
    def period_ms(self) -> float | None:
        """Milliseconds from one step to the next, None without a physical rate."""
        rate = self.extent.steps_per_second
        return float(1000 / rate) if rate else None

    @property
    def explained(self) -> str:
        """What the letter means, in a few words."""
        if isinstance(self.extent.term, Name):
            start = f"length of {self.extent.root.rpartition('.')[0]}'s {_counted(self.extent)}"
        else:
            of = "tokens" if _role(self.extent) is Role.LABEL else "frames"
            start = f"{self.extent.term} {of}"
        rate = self.extent.steps_per_second
        if rate is None:
            return start
        often = f"{float(rate):g} a second" if rate > 1000 else f"one every {self.period_ms:g} ms"
        return f"{start}, {often}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        rate = self.extent.steps_per_second
        return {
            "of": self.extent.root,
            "length": str(self.extent.term),
            "per_second": None if rate is None else float(rate),
            "period_ms": self.period_ms,
        }


class AxisLetters:
    """Hands out letters; equal lengths get the same one."""

    def __init__(self) -> None:
        self._axes: list[Axis] = []

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Every letter handed out, in order."""
        return tuple(self._axes)

    def of(self, extent: Extent) -> str:
        """Return the letter of a length.

        >>> from phonograph.types.terms import parse_term
        >>> letters, frames = AxisLetters(), [parse_term(t) for t in ("S", "S/160", "ceil(S/320)")]
        >>> [letters.of(Extent("data.S", term)) for term in [*frames, frames[1]]]
        ['S', 'T', 'T2', 'T']
        """
        for axis in self._axes:
            if axis.extent.agrees_with(extent):
                return axis.letter
        stem = extent.term.name if isinstance(extent.term, Name) else _stem(extent)
        taken = sum(axis.letter.rstrip("0123456789") == stem for axis in self._axes)
        letter = f"{stem}{taken + 1}" if taken else stem
        self._axes.append(Axis(letter, extent))
        return letter


def _stem(extent: Extent) -> str:
    return "T" if _role(extent) is Role.TIME else "L"


def _counted(extent: Extent) -> str:
    if _role(extent) is Role.LABEL:
        return "transcripts in tokens"
    return "recordings in samples" if extent.root.endswith(".S") else "sequences in frames"


def _role(extent: Extent) -> Role:
    return role_of(extent.root.rpartition(".")[2])
