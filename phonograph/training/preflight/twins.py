"""What comes twice: the same audio, the same text, the same speaker in two splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from phonograph.data.audio_file import SILENCE
from phonograph.errors import Diagnostic, Place
from phonograph.training.preflight.demands import SPLITS
from phonograph.training.preflight.subject import Subject


def twin_faults(
    subjects: Iterable[Subject], same: frozenset[tuple[str, str]]
) -> Iterator[tuple[Subject, Diagnostic]]:
    """Find the same samples twice, in a split or in two.

    Args:
        subjects: utterances in the order of splits and lines; those not heard are passed over.
        same: pairs of splits that share a manifest, where that was told already.

    Yields:
        the one to take out, and what is wrong with it: of two splits the one that comes first, as
        nothing of a test is to be learnt; within a split the later one.
    """
    by_audio: dict[bytes, list[Subject]] = defaultdict(list)
    for subject in subjects:
        if subject.sound is not None and subject.sound.peak >= SILENCE:
            by_audio[subject.sound.digest].append(subject)
    for alike in by_audio.values():
        firsts: dict[str, Subject] = {}
        for subject in alike:
            firsts.setdefault(subject.split, subject)
        for subject in alike:
            kept = _in_later_split(subject, firsts, same)
            if kept is not None:
                yield subject, _in_two_splits(subject, kept)
            if firsts[subject.split] is not subject:
                yield subject, _twice_in_a_split(subject, firsts[subject.split])


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


def _in_later_split(
    subject: Subject, firsts: Mapping[str, Subject], same: frozenset[tuple[str, str]]
) -> Subject | None:
    """Return the first utterance with the same audio in a later split, or None."""
    later = SPLITS[SPLITS.index(subject.split) + 1 :]
    others = (firsts[split] for split in later if split in firsts)
    return next((one for one in others if (subject.split, one.split) not in same), None)


def _in_two_splits(subject: Subject, kept: Subject) -> Diagnostic:
    one, other = subject.utterance, kept.utterance
    message = (
        f"`{one.id}` of {subject.split} is the same audio as `{other.id}` of {kept.split}, "
        f"{other.place}"
    )
    help_ = f"take it out of {subject.split}, or a score on {kept.split} is too good to be true"
    return Diagnostic("PD039", message, one.place, help=help_)


def _twice_in_a_split(subject: Subject, first: Subject) -> Diagnostic:
    one, other = subject.utterance, first.utterance
    message = f"`{one.id}` is the same audio as `{other.id}`, {other.place}"
    if subject.text.digest == first.text.digest:
        help_ = "take one of them out"
        return Diagnostic("PD038", f"{message}, with the same text", one.place, help=help_)
    causes = (f"text here: {one.text}", f"text there: {other.text}")
    help_ = "listen to it, and take out the line that is wrong"
    return Diagnostic("PD040", f"{message}, with another text", one.place, "", causes, help_)
