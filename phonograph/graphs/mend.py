"""Mend a graph's text by the edits that its faults bring along; everything else stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phonograph.errors import Diagnostic, Edit
from phonograph.graphs.rewrite import rewritten

ROUNDS = 100
"""Times that edits are made and the result is checked; more than any graph needs."""

_UNREADABLE = {"PG001", "PG003", "PG004", "PG006"}
"""Codes of texts of which nothing more is known, so that other faults do not show."""

Check = Callable[[str], Sequence[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of mending.

    Args:
        text: the text, as it was where nothing could be mended.
        faults: what is left.
        edits: how many edits were made.
    """

    text: str
    faults: tuple[Diagnostic, ...]
    edits: int


def mend(text: str, file: str, check: Check) -> Mended:
    """Make the edits that mend faults, check, and go on until nothing more can be mended.

    A text that has more faults than the one given is never the result: an edit may bring to light
    what a fault hid, and is then kept only when that can be mended too.

    Args:
        text: the graph.
        file: the name by which faults know it; those of other files are left.
        check: returns the faults of a text.
    """
    current = best = Mended(text, tuple(check(text)), 0)
    seen = {text}
    for _ in range(ROUNDS):
        following = _step(current, file, check, seen)
        if following is None:
            break
        current = following
        if len(current.faults) <= len(best.faults):
            best = current
    return best


def _step(before: Mended, file: str, check: Check, seen: set[str]) -> Mended | None:
    """Make every edit that can be made at once, or else the first that does no harm."""
    edits = [fault.fix for fault in before.faults if fault.fix and fault.fix.place.file == file]
    together = _one_a_line(edits)
    for chosen in [together, *([edit] for edit in edits if len(together) > 1)]:
        text, made = before.text, 0
        # from the last line to the first, so that places stay true
        for edit in sorted(chosen, key=lambda edit: edit.place.line, reverse=True):
            changed = rewritten(text, edit)
            text, made = (text, made) if changed is None else (changed, made + 1)
        if not made or text in seen:
            continue
        seen.add(text)
        faults = tuple(check(text))
        if not _codes(faults) & _UNREADABLE - _codes(before.faults):
            return Mended(text, faults, before.edits + made)
    return None


def _one_a_line(edits: Sequence[Edit]) -> list[Edit]:
    return list({edit.place.line: edit for edit in reversed(edits)}.values())


def _codes(faults: Sequence[Diagnostic]) -> set[str]:
    return {fault.code for fault in faults}
