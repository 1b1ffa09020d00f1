"""What preflight found as one HTML page, with players for what is at fault."""

from __future__ import annotations

from collections.abc import Iterator

from phonograph.counted import counted
from phonograph.graphs.drawing.markup import escaped
from phonograph.training.pages.page import Section, page
from phonograph.training.preflight.histogram import Chart, histogram
from phonograph.training.preflight.pace import pace_of
from phonograph.training.preflight.page_findings import findings_html
from phonograph.training.preflight.page_style import STYLE
from phonograph.training.preflight.preflight import Preflight
from phonograph.training.preflight.split_facts import SplitFacts, seconds_of


def to_html(found: Preflight) -> str:
    """Write a page: the splits, what is wrong with players, histograms, characters.

    Everything that comes from a file is text there: nothing in it can become markup.

    Args:
        found: what looking at all data gave.
    """
    sections = [
        Section("Splits", "".join(_splits(found))),
        Section("How long, how fast", "".join(_charts(found))),
        Section("What is wrong", "".join(findings_html(found))),
        Section("Characters", "".join(_characters(found))),
    ]
    return page(f"{found.name}: the data", "".join(_lead(found)), sections, STYLE)


def _lead(found: Preflight) -> Iterator[str]:
    utterances = sum(facts.utterances for facts in found.splits)
    hours = sum(facts.hours for facts in found.splits)
    yield (
        f'<p class="lead">{utterances:,} utterances, {hours:.2f} hours, held against the graph: '
        f"{found.demands.sample_rate:,} samples per second"
    )
    for limit in found.demands.limits:
        yield f', <span class="mono">{escaped(limit.extent)}</span> frames at {escaped(limit.node)}'
    yield '.</p><p class="verdict">'
    for kind, count in (("error", found.errors), ("warning", found.warnings)):
        if count:
            yield f'<span class="pill {kind}">{counted(count, kind)}</span>'
    if not found.groups:
        yield '<span class="pill good">nothing is wrong</span>'
    yield "</p>"
    if found.demands.left_open:
        names = escaped(", ".join(found.demands.left_open))
        yield f'<p class="lead">Still to be given (???): {names}</p>'


_NUMBERS = ("Utterances", "Hours", "Shortest", "Median", "Longest", "Characters", "Tokens")


def _splits(found: Preflight) -> Iterator[str]:
    named = any(facts.speakers for facts in found.splits)
    titles = (*_NUMBERS, *(["Speakers"] if named else []))
    heads = "".join(f'<th class="number">{title}</th>' for title in titles)
    yield f'<div class="wide"><table><thead><tr><th>Split</th>{heads}'
    yield "<th>Samples per second</th><th>Formats</th></tr></thead><tbody>"
    for facts in found.splits:
        yield _split_row(facts, named=named)
    yield "</tbody></table></div>"
    sizes = {facts.split: facts.utterances for facts in found.splits}
    for (one, other), count in found.shared_texts.items():
        if count:
            yield f'<p class="note">{count:,} of {sizes[other]:,} texts of {other} are in {one} '
            yield "as well.</p>"


def _split_row(facts: SplitFacts, *, named: bool) -> str:
    numbers = [
        f"{facts.utterances:,}",
        f"{facts.hours:.2f}",
        f"{facts.shortest:.2f} s",
        f"{facts.median:.2f} s",
        f"{facts.longest:.2f} s",
        f"{facts.characters:,}",
        f"{facts.tokens:,}",
        *([f"{facts.speakers:,}"] if named else []),
    ]
    cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
    rates = ", ".join(f"{rate:,} ({count:,})" for rate, count in facts.rates.items())
    formats = ", ".join(f"{name} ({count:,})" for name, count in facts.formats.items())
    names = "".join(f"<br><code>{escaped(name)}</code>" for name in facts.manifests)
    return (
        f'<tr><td class="wrap"><b>{escaped(facts.split)}</b>{names}</td>{cells}<td>{rates}</td>'
        f"<td>{escaped(formats)}</td></tr>"
    )


def _charts(found: Preflight) -> Iterator[str]:
    seconds: dict[str, list[float]] = {facts.split: [] for facts in found.splits}
    paces: dict[str, list[float]] = {facts.split: [] for facts in found.splits}
    for subject in found.subjects:
        seconds[subject.split].append(seconds_of(subject))
        if subject.sound is not None and subject.text.characters:
            paces[subject.split].append(pace_of(subject))
    limit = (found.demands.batch_seconds, "a batch")
    drawn = (
        histogram(Chart("seconds of an utterance", seconds, limit)),
        histogram(Chart("characters per second", paces)),
    )
    if any(drawn):
        yield '<div class="charts">'
        yield from (f"<div>{one}</div>" for one in drawn if one)
        yield "</div>"


def _characters(found: Preflight) -> Iterator[str]:
    if not found.characters:
        return
    if found.unknown:
        yield '<p class="note">Those in red the tokenizer does not know.</p>'
    yield '<ul class="characters">'
    ordered = sorted(
        found.characters.items(), key=lambda one: (one[0] not in found.unknown, -one[1])
    )
    for character, count in ordered:
        kind = ' class="unknown"' if character in found.unknown else ""
        name = f"U+{ord(character):04X}"
        yield f'<li{kind} title="{name}"><b>{_shown(character)}</b><span>{count:,}</span></li>'
    yield "</ul>"


def _shown(character: str) -> str:
    if character == " ":
        return "\N{OPEN BOX}"
    return escaped(character) if character.isprintable() else f"U+{ord(character):04X}"
