"""The groups of findings on the page: where, what, the transcript, and a player."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phonograph.graphs.drawing.markup import escaped
from phonograph.training.preflight.clips import clips_of
from phonograph.training.preflight.finding import Finding, Group
from phonograph.training.preflight.preflight import Preflight

LISTED = 2000
"""Findings of a group on the page; the JSON has all."""

OPEN = 12
"""Groups of more findings are folded at first."""


def findings_html(found: Preflight) -> Iterator[str]:
    """Write all groups, errors first."""
    clips = clips_of(found.groups)
    if not found.groups:
        yield '<p class="note">Nothing.</p>'
    for group in found.groups:
        yield from _group(group, found, clips)


def _group(group: Group, found: Preflight, clips: Mapping[Finding, str]) -> Iterator[str]:
    opened = " open" if len(group.findings) <= OPEN else ""
    yield f'<details class="{group.severity}"{opened}><summary>'
    yield f'<span class="code">{group.code}</span>'
    yield f'<span class="title">{escaped(group.title)}</span>'
    yield f'<span class="count">{len(group.findings):,}</span></summary>'
    helps = dict.fromkeys(finding.fault.help for finding in group.findings)
    if len(helps) == 1 and (advice := next(iter(helps))):
        yield f'<p class="advice">{escaped(_sentence(advice))}</p>'
    yield '<ul class="findings">'
    for finding in group.findings[:LISTED]:
        yield from _finding(finding, found, clips.get(finding), advice=len(helps) > 1)
    yield "</ul>"
    if len(group.findings) > LISTED:
        left = len(group.findings) - LISTED
        yield f'<p class="advice">{left:,} more are in the JSON.</p>'
    yield "</details>"


def _finding(
    finding: Finding, found: Preflight, clip: str | None, *, advice: bool
) -> Iterator[str]:
    fault = finding.fault
    yield f'<li><span class="where">{escaped(finding.place)}</span>'
    if clip is not None:
        name = escaped(finding.utterance.id if finding.utterance else "")
        yield f'<audio controls preload="none" src="{clip}" aria-label="{name}"></audio>'
    yield f'<span class="what">{escaped(fault.message)}</span>'
    if finding.utterance is not None and finding.utterance.text.strip():
        yield f'<span class="said">{_transcript(finding.utterance.text, found)}</span>'
    for cause in fault.causes:
        if not cause.startswith("text: "):
            yield f'<span class="aside">{escaped(cause)}</span>'
    if advice and fault.help:
        yield f'<span class="aside">{escaped(_sentence(fault.help))}</span>'
    yield "</li>"


def _transcript(text: str, found: Preflight) -> str:
    """Write a transcript as the tokenizer is given it, with what it does not know in red."""
    plain = found.demands.tokenizer.normalize(text)
    return "".join(
        f"<mark>{escaped(character)}</mark>" if character in found.unknown else escaped(character)
        for character in plain or text
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
