"""What a recogniser heard, as parts of a page: the worst utterances, confusions, alignments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from phonograph.collections.asr.manifest import Manifest
from phonograph.collections.asr.word_errors import align_words, count
from phonograph.counted import counted
from phonograph.data.dataset import SpeechDataset
from phonograph.data.manifest import Utterance
from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.model import Model
from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.pages.audio_clip import audio_clip
from phonograph.training.pages.page import Section, page
from phonograph.training.report.alignment import alignment
from phonograph.training.report.alignment_svg import alignment_svg
from phonograph.training.report.errors_html import (
    SHADES,
    aligned_html,
    characters_html,
    confusions_html,
)
from phonograph.training.report.report_style import REPORT_STYLE
from phonograph.training.score_details import score_details
from phonograph.training.speakers import speakers_of
from phonograph.training.split import PortCollate

WORST = 12
_LONGEST = 15.0
"""Seconds of a clip, and of a recording whose alignment is drawn."""

STYLE = REPORT_STYLE + SHADES


def heard_page(
    model: Model, manifest: Path, utterances: Sequence[ScoredUtterance], title: str = ""
) -> str:
    """Write a page about what was heard of a manifest.

    Args:
        model: the recogniser.
        manifest: the recordings.
        utterances: what was heard.
        title: of the page; the name of the graph when left out.
    """
    details = score_details("wer", utterances, speakers_in(manifest))
    lead = f'<p class="lead">{len(utterances):,} utterances of {escaped(manifest.name)}'
    if details is not None:
        total = sum(one.errors for one in details.counts)
        said = sum(one.reference for one in details.counts)
        low, high = 100 * details.interval.low, 100 * details.interval.high
        lead += f": {100 * total / max(said, 1):.2f} % of words wrong ({low:.2f} to {high:.2f} %)"
    name = title or f"{model.graph.spec.name}: what was heard"
    return page(name, f"{lead}</p>", heard_sections(model, manifest, utterances), STYLE)


def heard_sections(
    model: Model | None, manifest: Path | None, utterances: Sequence[ScoredUtterance]
) -> list[Section]:
    """Make the parts of a page about what was heard; parts with nothing to show are empty.

    Args:
        model: the recogniser, to draw alignments; None without.
        manifest: where the recordings are named; None leaves players and alignments out.
        utterances: what was heard.
    """
    sources = _sources(manifest)
    ranked = _worst(utterances)
    details = score_details("wer", utterances, {}, top=12)
    confused = confusions_html(details.confusions) if details is not None else ""
    worst = "".join(_heard(one, sources.get(one.id)) for one in ranked[:WORST] if _errors(one))
    return [
        Section("Utterances with most errors", worst),
        Section("Words", confused),
        Section("Characters", characters_html(utterances)),
        Section("Alignment", "".join(_alignments(model, ranked, sources)) if model else ""),
    ]


def speakers_in(manifest: Path | None) -> Mapping[str, str]:
    """Return the speakers of a manifest by utterance; nothing where it cannot be read."""
    return speakers_of(_sources(manifest).values())


def _sources(manifest: Path | None) -> Mapping[str, Utterance]:
    try:
        lines = read_manifest(manifest, on_bad="skip") if manifest is not None else ()
        return {one.id: one for one in lines}
    except DataError:  # the data of a training may be gone when its report is written
        return {}


def _errors(one: ScoredUtterance) -> int:
    return count(align_words(one.reference, one.hypothesis)).errors


def _worst(utterances: Sequence[ScoredUtterance]) -> list[ScoredUtterance]:
    return sorted(utterances, key=lambda one: (-_errors(one), one.id))


def _heard(one: ScoredUtterance, source: Utterance | None) -> str:
    errors = count(align_words(one.reference, one.hypothesis))
    player = ""
    if source is not None:
        clip = audio_clip(source.audio, source.offset or 0.0, min(source.duration, _LONGEST))
        player = f'<audio controls preload="none" src="{clip}"></audio>' if clip else ""
    told = f"{counted(errors.errors, 'error')} in {counted(errors.reference, 'word')}"
    return (
        f'<div class="heard"><header>{player}<code>{escaped(one.id)}</code><span>{told}</span>'
        f"</header>{aligned_html(one.reference, one.hypothesis)}</div>"
    )


def _alignments(
    model: Model, ranked: Sequence[ScoredUtterance], sources: Mapping[str, Utterance]
) -> Iterator[str]:
    """Draw the worst and the median of those that are short enough."""
    short = [one for one in ranked if one.id in sources and sources[one.id].duration <= _LONGEST]
    for one in dict.fromkeys(short[:1] + short[len(short) // 2 :][:1]):
        yield _alignment(model, one, sources[one.id])


def _alignment(model: Model, one: ScoredUtterance, source: Utterance) -> str:
    node = model.data_node
    layer = model.modules[node.name] if node is not None else None
    if node is None or not isinstance(layer, Manifest):
        return ""
    try:
        item = SpeechDataset(
            [source], layer.tokenizer, layer.sample_rate, resample=layer.resample, mix=layer.mix
        )[0]
    except (DataError, ValueError):  # gone, or its transcript cannot be written
        return ""
    model.module.to("cpu").eval()
    found = alignment(model, PortCollate(node.name, layer.collate)([item]))
    drawn = alignment_svg(found, item["audio"], layer.sample_rate) if found else ""
    if found is None or not drawn:
        return ""
    return (
        f'<figure class="alignment"><figcaption><code>{escaped(one.id)}</code>'
        f'{aligned_html(one.reference, one.hypothesis)}<p class="note">{escaped(found.note)}</p>'
        f"</figcaption>{drawn}</figure>"
    )
