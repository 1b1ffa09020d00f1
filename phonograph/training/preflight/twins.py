"""What comes twice: the same audio, the same text, the same speaker in two splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from phonograph.errors import Diagnostic, Place
from phonograph.training.preflight.demands import SPLITS
from phonograph.training.preflight.sound import SILENCE
from phonograph.training.preflight.subject import Subject


def twin_faults(
    subjects: Iterable[Subject], same: frozenset[tuple[str, str]]
) -> Iterator[tuple[Subject, Diagnostic]]:
    """Find the same samples twice, in a split or in two.

    Args:
        subjects: utterances in the order of splits and lines; those not heard are passed over.
        same: pairs of splits that share a manifest, where that was told already.

    Yields:
        the later one of each pair, and what is wrong with it.
    """
    seen: dict[bytes, list[Subject]] = {}
    for subject in subjects:
        if subject.sound is None or subject.sound.peak < SILENCE:
            continue
        earlier = seen.setdefault(subject.sound.digest, [])
        twin = _worst(subject, earlier, same)
        if twin is not None:
            yield subject, _twice(subject, twin)
        if not any(_alike(subject, one) for one in earlier):
            earlier.append(subject)


def speaker_faults(
    subjects: Iterable[Subject], same: frozenset[tuple[str, str]]
) -> Iterator[tuple[Subject, Diagnostic]]:
    """Find speakers of two splits; each is told once, at the first line of the later split."""
    lines: dict[str, dict[str, list[Subject]]] = defaultdict(lambda: defaultdict(list))
    for subject in subjects:
        if subject.speaker is not None:
            lines[subject.speaker][subject.split].append(subject)
    for speaker, by_split in lines.items():
        for one, other in combinations([split for split in SPLITS if split in by_split], 2):
            if (one, other) not in same:
                first = by_split[other][0]
                counts = f"{len(by_split[one])} lines of {one}, {len(by_split[other])} of {other}"
                message = f"speaker `{speaker}` is in {counts}"
                help_ = f"a score on {other} is then better than for a stranger; move the lines"
                yield first, Diagnostic("PD041", message, first.utterance.place, help=help_)


def shared_texts(subjects: Iterable[Subject]) -> dict[tuple[str, str], int]:
    """Count the utterances of a later split whose text is in an earlier one as well."""
    texts: dict[str, list[bytes]] = defaultdict(list)
    for subject in subjects:
        if subject.text.characters:
            texts[subject.split].append(subject.text.digest)
    return {
        (one, other): sum(digest in known for digest in texts[other])
        for one, other in combinations([split for split in SPLITS if split in texts], 2)
        for known in [set(texts[one])]
    }


def same_manifests(manifests: Mapping[str, Sequence[Path]]) -> dict[tuple[str, str], Path]:
    """Find the pairs of splits that read one manifest."""
    resolved = {
        split: {path.resolve(): path for path in given} for split, given in manifests.items()
    }
    return {
        (one, other): resolved[other][min(shared)]
        for one, other in combinations([split for split in SPLITS if split in resolved], 2)
        if (shared := resolved[one].keys() & resolved[other].keys())
    }


def same_manifest(pair: tuple[str, str], path: Path) -> Diagnostic:
    """Say that two splits read one manifest."""
    one, other = pair
    message = f"{one} and {other} read the same manifest"
    help_ = "keep some speech aside: a score on what was learnt says nothing of other speech"
    return Diagnostic("PD042", message, Place(str(path)), help=help_)


def _alike(subject: Subject, other: Subject) -> bool:
    return subject.split == other.split and subject.text.digest == other.text.digest


def _worst(
    subject: Subject, earlier: Sequence[Subject], same: frozenset[tuple[str, str]]
) -> Subject | None:
    """Choose the twin to tell: one of another split, else one with another text, else any."""
    told = [one for one in earlier if (one.split, subject.split) not in same]
    across = (one for one in told if one.split != subject.split)
    differing = (one for one in told if one.text.digest != subject.text.digest)
    return next(across, None) or next(differing, None) or (told[0] if told else None)


def _twice(subject: Subject, twin: Subject) -> Diagnostic:
    one, other = subject.utterance, twin.utterance
    where = f"{other.place} (`{other.id}`)"
    if subject.split != twin.split:
        message = f"`{one.id}` of {subject.split} is the same audio as {where} of {twin.split}"
        help_ = f"take it out of {twin.split} or of {subject.split}"
        return Diagnostic("PD039", message, one.place, help=help_)
    if subject.text.digest != twin.text.digest:
        message = f"`{one.id}` is the same audio as {where}, with another text"
        causes = (f"text here: {one.text}", f"text there: {other.text}")
        help_ = "listen to it, and take out the line that is wrong"
        return Diagnostic("PD040", message, one.place, "", causes, help_)
    message = f"`{one.id}` is the same audio as {where}, with the same text"
    return Diagnostic("PD038", message, one.place, help="take one of them out")
