"""Holding all data that a graph names against the graph, in one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from phonograph.errors import Diagnostic
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.preflight.demands import SPLITS, Demands, read_demands
from phonograph.training.preflight.finding import Finding, Group, grouped
from phonograph.training.preflight.lengths import length_faults
from phonograph.training.preflight.listening import jobs, listen_to_all, usable_threads
from phonograph.training.preflight.manifest_lines import ManifestLine, read_lines
from phonograph.training.preflight.pace import pace_faults
from phonograph.training.preflight.recording import Ears, Heard
from phonograph.training.preflight.sound import Sound, sound_faults
from phonograph.training.preflight.split_facts import SplitFacts, split_facts
from phonograph.training.preflight.subject import Subject
from phonograph.training.preflight.texts import TextCheck, Unknown
from phonograph.training.preflight.twins import (
    same_manifest,
    same_manifests,
    shared_texts,
    speaker_faults,
    twin_faults,
)

UNHEARD = frozenset({"PD006", "PD010", "PD012"})
"""Codes of recordings that nobody can listen to."""

Progress = Callable[[int, int], None]
"""Told how many recordings were heard, and of how many."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What looking at all data gave.

    Args:
        name: the graph's.
        demands: what the data was held against.
        splits: each split in numbers.
        groups: what is wrong, by code, errors first.
        characters: how often each character comes in the normalised texts.
        unknown: those of them that the tokenizer cannot write.
        shared_texts: two splits -> utterances of the later whose text is in the earlier, too.
        subjects: the utterances that could be read.
    """

    name: str
    demands: Demands
    splits: tuple[SplitFacts, ...]
    groups: tuple[Group, ...]
    characters: Mapping[str, int]
    unknown: Mapping[str, Unknown]
    shared_texts: Mapping[tuple[str, str], int]
    subjects: tuple[Subject, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return self._count("warning")

    def _count(self, severity: str) -> int:
        return sum(len(group.findings) for group in self.groups if group.severity == severity)


def preflight(
    graph: SolvedGraph,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Preflight:
    """Look at every line of every manifest, and listen to every recording.

    Args:
        graph: a graph without faults.
        threads: how many recordings are heard at a time; as many as there are processors when left
            out.
        progress: told after each recording.

    Raises:
        DataError: the graph reads no manifest.
        GraphError: what its data layer needs is left open.
    """
    inspection = _Inspection(graph.name, read_demands(graph))
    inspection.read()
    inspection.listen(threads or usable_threads(), progress or _nobody)
    inspection.compare()
    return inspection.result()


def _nobody(_done: int, _of: int) -> None:
    """Take what is told for nobody."""


class _Inspection:
    """Gathers what is found, step by step."""

    def __init__(self, name: str, demands: Demands) -> None:
        self._name, self._demands = name, demands
        self._texts = TextCheck(demands.tokenizer)
        self._subjects: list[Subject] = []
        self._lines: Counter[str] = Counter()
        self._rates: dict[str, Counter[int]] = {split: Counter() for split in SPLITS}
        self._formats: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        self._findings: dict[Diagnostic, Finding] = {}
        self._unheard: set[int] = set()
        self._at_fault: set[int] = set()

    def read(self) -> None:
        """Read all lines; look at each transcript."""
        for split, paths in self._demands.manifests.items():
            for path in paths:
                for line in read_lines(path):
                    self._read_line(line, split)

    def _read_line(self, line: ManifestLine, split: str) -> None:
        numbers = [fault.place.line for fault in line.faults if fault.place]
        self._lines[split] += line.utterance is not None or any(numbers)
        for fault in line.faults:
            self._find(fault, split)
        if line.utterance is None:
            return
        text, faults = self._texts.look_at(line.utterance)
        subject = Subject(line.utterance, split, line.speaker, text)
        if UNHEARD & {fault.code for fault in line.faults}:
            self._unheard.add(id(subject))
        self._subjects.append(subject)
        for fault in faults:
            self._find(fault, split, subject)

    def listen(self, threads: int, progress: Progress) -> None:
        """Listen to all recordings; judge each utterance by itself."""
        work = jobs(subject for subject in self._subjects if id(subject) not in self._unheard)
        progress(0, len(work))
        heard = listen_to_all(work, Ears.of(self._demands), threads)
        for number, (subjects, one) in enumerate(heard, 1):
            self._count_file(subjects[0].split, one)
            for subject, found in zip(subjects, one.found, strict=True):
                self._judge(subject, found)
            progress(number, len(work))

    def _count_file(self, split: str, heard: Heard) -> None:
        if heard.header is not None:
            self._rates[split][heard.header.sample_rate] += 1
            self._formats[split][heard.format] += 1

    def _judge(self, subject: Subject, found: Sound | Diagnostic) -> None:
        if isinstance(found, Diagnostic):
            self._find(found, subject.split, subject)
            return
        subject.sound = found
        for fault in (
            *sound_faults(subject.utterance, found),
            *length_faults(subject, self._demands),
        ):
            self._find(fault, subject.split, subject)

    def compare(self) -> None:
        """Hold utterances against each other."""
        pairs = same_manifests(self._demands.manifests)
        for pair, path in pairs.items():
            self._find(same_manifest(pair, path), pair[1])
        for subject, fault in self._comparisons(frozenset(pairs)):
            self._find(fault, subject.split, subject)

    def _comparisons(
        self, same: frozenset[tuple[str, str]]
    ) -> Iterator[tuple[Subject, Diagnostic]]:
        yield from pace_faults(one for one in self._subjects if id(one) not in self._at_fault)
        yield from twin_faults(self._subjects, same)
        yield from speaker_faults(self._subjects, same)

    def _find(self, fault: Diagnostic, split: str, subject: Subject | None = None) -> None:
        """Keep a finding; a line that two splits read is told once."""
        utterance = subject.utterance if subject else None
        playable = subject is not None and fault.code not in UNHEARD
        finding = self._findings.setdefault(fault, Finding(fault, split, utterance, playable))
        if finding.severity == "error":
            self._at_fault.add(id(subject))

    def result(self) -> Preflight:
        """Sum everything up."""
        by_split = {split: [s for s in self._subjects if s.split == split] for split in SPLITS}
        facts = tuple(
            split_facts(
                split,
                [str(path) for path in paths],
                self._lines[split],
                by_split[split],
                self._rates[split],
                self._formats[split],
            )
            for split, paths in self._demands.manifests.items()
        )
        return Preflight(
            name=self._name,
            demands=self._demands,
            splits=facts,
            groups=grouped(self._findings.values()),
            characters=dict(self._texts.characters.most_common()),
            unknown=self._texts.unknown,
            shared_texts=shared_texts(self._subjects),
            subjects=tuple(self._subjects),
        )
