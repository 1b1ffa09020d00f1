"""Values to trace and to check an exported view with."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.export.exported_view import ExportedPort, ExportedView
from phonograph.graphs.solved import Extent
from phonograph.types.kinds import Audio, Frames, Scores, Tokens
from phonograph.types.terms import evaluate, names_in
from phonograph.types.vocabulary import Vocabulary

STEPS_WITHOUT_RATE = 20
"""Steps that stand for a second where an axis has no physical rate."""

_LOUDNESS = 0.1


def example(view: ExportedView, seconds: Sequence[float], seed: int = 0) -> dict[str, Tensor]:
    """Draw a batch of utterances.

    Args:
        view: what they are for.
        seconds: one duration an utterance; tensors are as long as the longest needs.
        seed: decides the values.

    Returns:
        noise by the names of the inputs, in their order.

    Raises:
        GraphError: an input is of a kind that cannot be drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    return {port.name: _value(view, port, seconds, generator) for port in view.inputs}


def steps(extent: Extent, seconds: float) -> int:
    """Return how many steps an axis has after some seconds of data.

    >>> from phonograph.types.terms import parse_term
    >>> steps(Extent("data.S", parse_term("floor(S/160)+1"), Fraction(16000)), 1.0)
    101
    """
    root = int(seconds * float(extent.rate or STEPS_WITHOUT_RATE))
    return int(evaluate(extent.term, dict.fromkeys(names_in(extent.term), Fraction(root))))


def _value(
    view: ExportedView, port: ExportedPort, seconds: Sequence[float], generator: torch.Generator
) -> Tensor:
    if port.counts:
        return torch.tensor([steps(view.extents[port.counts], one) for one in seconds])
    shape = [_size(view, axis, seconds) for axis in port.axes]
    match port.kind:
        case Tokens():
            vocabulary = view.graph.output(port.port).attributes.get("vocab")
            size = vocabulary.size if isinstance(vocabulary, Vocabulary) else 1
            return torch.randint(0, size, shape, generator=generator)
        case Audio() | Frames() | Scores():
            return _LOUDNESS * torch.randn(shape, generator=generator)
    message = f"the view `{view.view.name}` takes {port.kind} from `{port.port}`"
    cause = "only audio, frames, scores, tokens and their lengths can go into an exported view"
    raise GraphError(Diagnostic("PE004", message, causes=(cause,)))


def _size(view: ExportedView, axis: str | int, seconds: Sequence[float]) -> int:
    if isinstance(axis, int):
        return axis
    extent = view.extents.get(axis)
    return len(seconds) if extent is None else steps(extent, max(seconds))
