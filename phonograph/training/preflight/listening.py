"""Listening to all recordings, several at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from phonograph.training.preflight.recording import Ears, Heard, listen
from phonograph.training.preflight.subject import Subject

AHEAD = 4
"""Recordings that wait for each thread; more would only fill the memory."""

Job = Sequence[Subject]


def jobs(subjects: Iterable[Subject]) -> list[Job]:
    """Put the utterances of one recording together, so that it is decoded once.

    Args:
        subjects: in any order; recordings keep the order in which they come first.
    """
    by_audio: dict[str, list[Subject]] = {}
    for subject in subjects:
        by_audio.setdefault(os.fspath(subject.utterance.audio), []).append(subject)
    return list(by_audio.values())


def listen_to_all(
    work: Sequence[Job], ears: Ears, threads: int
) -> Generator[tuple[Job, Heard], None, None]:
    """Listen to recordings, in their order.

    Decoding, measuring and hashing let other threads run, so threads do what processes would do
    without being started and fed.

    Args:
        work: one job for each recording.
        ears: how recordings are taken.
        threads: how many listen, at least 1.
    """
    left = iter(work)
    waiting: deque[tuple[Job, Future[Heard]]] = deque()
    with ThreadPoolExecutor(threads) as pool:

        def start(count: int) -> None:
            for job in islice(left, count):
                waiting.append((job, pool.submit(listen, [s.utterance for s in job], ears)))

        start(AHEAD * threads)
        try:
            while waiting:
                job, heard = waiting.popleft()
                yield job, heard.result()
                start(1)
        finally:
            for _, future in waiting:
                future.cancel()


def usable_threads() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
