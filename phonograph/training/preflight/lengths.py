"""Utterances against the lengths that the graph wants: CTC's frames, the size of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from phonograph.errors import Diagnostic
from phonograph.training.preflight.demands import CtcLimit, Demands
from phonograph.training.preflight.subject import Subject

SHORTEST = 0.1
"""Seconds; hardly a word is shorter."""


def length_faults(subject: Subject, demands: Demands) -> Iterator[Diagnostic]:
    """Say what is wrong with the length of an utterance that was heard."""
    sound, utterance = subject.sound, subject.utterance
    if sound is None:
        return
    if subject.text.writable and subject.text.tokens:
        fault = _not_alignable(subject, sound.samples, demands.limits)
        if fault is not None:
            yield fault
    if sound.seconds > demands.batch_seconds:
        seconds = f"{sound.seconds:.1f} s, a batch {demands.batch_seconds:g} s"
        message = f"utterance `{utterance.id}` lasts {seconds}"
        help_ = "it makes a batch alone, which takes more memory: cut it, or raise `batch_seconds`"
        yield Diagnostic("PD034", message, utterance.place, help=help_)
    if sound.seconds < SHORTEST:
        message = f"utterance `{utterance.id}` lasts {sound.seconds:.3f} s"
        help_ = "listen to it; correct `offset` and `duration`, or take it out"
        yield Diagnostic("PD035", message, utterance.place, help=help_)


def _not_alignable(subject: Subject, samples: int, limits: Sequence[CtcLimit]) -> Diagnostic | None:
    """Say that the tightest CTC loss has too few frames for a transcript, or nothing."""
    text, utterance = subject.text, subject.utterance
    if not limits:
        return None
    frames, limit = min(((one.frames(samples), one) for one in limits), key=lambda pair: pair[0])
    if frames >= text.needed:
        return None
    repeats = text.needed - text.tokens
    parts = f"{text.tokens} tokens" + (f" and {repeats} between equal ones" if repeats else "")
    message = (
        f"utterance `{utterance.id}` has {frames} frames at `{limit.node}`, its text needs "
        f"{text.needed}: {parts}"
    )
    causes = (f"text: {utterance.text}", f"frames = {limit.extent} of {samples} samples")
    help_ = (
        "correct the text or the segment; if both are right, subsample less or use larger pieces"
    )
    return Diagnostic("PD030", message, utterance.place, "", causes, help_)
