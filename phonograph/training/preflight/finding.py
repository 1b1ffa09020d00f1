"""What preflight finds: one finding for each line at fault, in groups of the same fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from phonograph.data.manifest import Utterance
from phonograph.errors import Diagnostic
from phonograph.training.preflight.codes import WARNINGS, title_of
from phonograph.training.preflight.demands import SPLITS

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at one place.

    Args:
        fault: where it is, what it is, how to mend it.
        split: `train`, `validation` or `test`.
        utterance: the line, where that could be read.
        playable: whether there is something to hear.
    """

    fault: Diagnostic
    split: str
    utterance: Utterance | None = None
    playable: bool = False

    @property
    def severity(self) -> Severity:
        """Whether training would stop or learn wrongly, or whether it only looks like a mistake."""
        return "warning" if self.fault.code in WARNINGS else "error"

    @property
    def place(self) -> str:
        """The file and the line."""
        return str(self.fault.place) if self.fault.place else ""


@dataclass(frozen=True, slots=True)
class Group:
    """All findings with one code.

    Args:
        code: such as `PD011`.
        findings: at least one, in the order of splits and lines.
    """

    code: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What the code means."""
        return title_of(self.code)

    @property
    def severity(self) -> Severity:
        """That of each finding."""
        return self.findings[0].severity


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Put findings of one code together, errors before warnings, then in the order of codes.

    >>> fault = Diagnostic("PD012", "`a.wav` holds no sound")
    >>> warning = Diagnostic("PD036", "`a.wav` is clipped")
    >>> groups = grouped([Finding(warning, "train"), Finding(fault, "train")])
    >>> [(group.code, group.severity) for group in groups]
    [('PD012', 'error'), ('PD036', 'warning')]
    """
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.fault.code, []).append(finding)
    ordered = sorted(by_code, key=lambda code: (code in WARNINGS, code))
    return tuple(Group(code, tuple(sorted(by_code[code], key=_order))) for code in ordered)


def _order(finding: Finding) -> tuple[int, str, int]:
    place = finding.fault.place
    rank = SPLITS.index(finding.split) if finding.split in SPLITS else len(SPLITS)
    return (rank, place.file, place.line) if place else (rank, "", 0)
