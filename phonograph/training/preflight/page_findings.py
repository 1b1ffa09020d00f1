"""The groups of findings on the page: where, what, the transcript, and a player."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from phonograph.errors import Place
from phonograph.graphs.drawing.markup import escaped
from phonograph.training.preflight.clips import clips_of
from phonograph.training.preflight.finding import Finding, Group
from phonograph.training.preflight.preflight import Preflight

LISTED = 2000
"""Findings of a group on the page; the JSON has all."""

UNFOLDED = 8
"""Findings of a group that are shown at once; a click shows the others."""


def findings_html(found: Preflight) -> Iterator[str]:
    """Write all groups, errors first."""
    clips = clips_of(found.groups)
    if not found.groups:
        yield '<p class="note">Nothing.</p>'
    for group in found.groups:
        yield from _group(group, found, clips)


def _group(group: Group, found: Preflight, clips: Mapping[Finding, str]) -> Iterator[str]:
    yield f'<details class="group {group.severity}" open><summary>'
    yield f'<span class="code">{group.code}</span>'
    yield f'<span class="title">{escaped(group.title)}</span>'
    yield f'<span class="count">{len(group.findings):,}</span></summary>'
    helps = dict.fromkeys(finding.fault.help for finding in group.findings)
    if len(helps) == 1 and (advice := next(iter(helps))):
        yield f'<p class="advice">{marked_up(_sentence(advice))}</p>'
    rows = [
        "".join(_finding(finding, found, clips.get(finding), advice=len(helps) > 1))
        for finding in group.findings[:LISTED]
    ]
    yield f'<ul class="findings">{"".join(rows[:UNFOLDED])}</ul>'
    if others := rows[UNFOLDED:]:
        yield f'<details class="others"><summary>{len(others):,} more</summary>'
        yield f'<ul class="findings">{"".join(others)}</ul></details>'
    if len(group.findings) > LISTED:
        left = len(group.findings) - LISTED
        yield f'<p class="advice">{left:,} more are in the JSON.</p>'
    yield "</details>"


def _finding(
    finding: Finding, found: Preflight, clip: str | None, *, advice: bool
) -> Iterator[str]:
    fault, utterance = finding.fault, finding.utterance
    name = escaped(utterance.id) if utterance else ""
    yield f'<li><span class="where" title="{escaped(finding.place)}">{escaped(_where(fault.place))}'
    yield f' <span class="id">{name}</span></span>'
    if clip is not None:
        yield f'<audio controls preload="metadata" src="{clip}" aria-label="{name}"></audio>'
    yield f'<span class="what">{marked_up(fault.message)}</span>'
    if utterance is not None and utterance.text.strip():
        yield f'<span class="said">{_transcript(utterance.text, found)}</span>'
    if utterance is None and fault.place is not None and fault.place.source:
        yield f'<code class="aside">{escaped(fault.place.source)}</code>'
    for cause in fault.causes:
        if not cause.startswith("text: "):
            yield f'<span class="aside">{marked_up(cause)}</span>'
    if advice and fault.help:
        yield f'<span class="aside">{marked_up(_sentence(fault.help))}</span>'
    yield "</li>"


def _where(place: Place | None) -> str:
    """Write a place without its folder, which the table of splits has."""
    if place is None:
        return ""
    return f"{PurePath(place.file).name}:{place.line}" if place.line else PurePath(place.file).name


def marked_up(text: str) -> str:
    """Escape a message and set what stands between backticks as code.

    >>> marked_up("`a<b` is lost")
    '<code>a&lt;b</code> is lost'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))


def _transcript(text: str, found: Preflight) -> str:
    """Write a transcript as the tokenizer is given it, with what it does not know in red."""
    plain = found.demands.tokenizer.normalize(text)
    return "".join(
        f"<mark>{escaped(character)}</mark>" if character in found.unknown else escaped(character)
        for character in plain or text
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
