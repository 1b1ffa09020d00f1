"""What a recogniser heard, as parts of a page: the worst utterances, confusions, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from phonograph.collections.asr.word_errors import align_words, count
from phonograph.data.dataset import SpeechDataset
from phonograph.data.manifest import Utterance
from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.model import Model
from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.pages.audio_clip import audio_clip
from phonograph.training.pages.page import Section, page
from phonograph.training.report.ctc_frames import ctc_frames, frames_svg
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
_DRAWN = 2
_LONGEST = 15.0
"""Seconds of a clip, and of a recording whose frames are drawn."""

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
        model: the recogniser, to draw its frames; None without.
        manifest: where the recordings are named; None leaves players and frames out.
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
        Section("Frames", "".join(_frames(model, ranked, sources)) if model else ""),
    ]


def speakers_in(manifest: Path | None) -> Mapping[str, str]:
    """Return the speakers of a manifest by utterance; nothing where it cannot be read."""
    return speakers_of(_sources(manifest).values())


def _sources(manifest: Path | None) -> Mapping[str, Utterance]:
    try:
        return {one.id: one for one in read_manifest(manifest)} if manifest is not None else {}
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
    noun = "error" if errors.errors == 1 else "errors"
    told = f"{errors.errors} {noun} in {errors.reference} words"
    return (
        f'<div class="heard"><header>{player}<code>{escaped(one.id)}</code><span>{told}</span>'
        f"</header>{aligned_html(one.reference, one.hypothesis)}</div>"
    )


def _frames(
    model: Model, ranked: Sequence[ScoredUtterance], sources: Mapping[str, Utterance]
) -> Iterator[str]:
    short = [one for one in ranked if one.id in sources and sources[one.id].duration <= _LONGEST]
    for one in short[: _DRAWN - 1] + short[-1:] if len(short) >= _DRAWN else short:
        drawn = _frames_of(model, sources[one.id])
        if drawn:
            yield f'<figure class="frames"><figcaption><code>{escaped(one.id)}</code>'
            yield aligned_html(one.reference, one.hypothesis)
            yield f"</figcaption>{drawn}</figure>"


def _frames_of(model: Model, source: Utterance) -> str:
    node = model.data_node
    if node is None:
        return ""
    layer = model.modules[node.name]
    try:
        item = SpeechDataset([source], layer.tokenizer, layer.sample_rate)[0]
    except DataError:
        return ""
    model.module.to("cpu").eval()
    found = ctc_frames(model, PortCollate(node.name, layer.collate)([item]), source.duration)
    return frames_svg(found) if found is not None else ""
