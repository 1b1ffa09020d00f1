"""Scores of a view over a whole set: error counts, the mean loss, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from torch import Tensor

from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View
from phonograph.types.kinds import Loss, Rejected


class Counts(Protocol):
    """Errors counted over utterances; counts of several can be added."""

    @property
    def rate(self) -> float:
        """Errors per unit of the references."""

    def __add__(self, other: Any) -> Self: ...

    def to_json(self) -> Mapping[str, object]:
        """Return plain data."""


Metric = Callable[[Sequence[str], Sequence[str]], Counts]
"""Compares references (first) with hypotheses."""

Metrics = Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class Losses:
    """What the losses of a view say about one batch.

    Args:
        total: sum of all losses, one number.
        rejected: port -> which utterances it left out, bool [B].
    """

    total: Tensor
    rejected: Mapping[PortName, Tensor]


def losses_of(graph: SolvedGraph, view: View, values: Mapping[PortName, Any]) -> Losses | None:
    """Pick the losses of a view out of its values; None when it runs no loss."""
    kinds = {port: graph.output(port).kind for port in view.outputs}
    losses = [values[port] for port, kind in kinds.items() if isinstance(kind, Loss)]
    rejected = {p: values[p].detach() for p, kind in kinds.items() if isinstance(kind, Rejected)}
    return Losses(sum(losses[1:], losses[0]), rejected) if losses else None


@dataclass(frozen=True, slots=True)
class BatchScore:
    """What was measured of one batch.

    Args:
        counts: metric -> errors.
        loss: the sum over the utterances that count.
        accepted: how many count; 0 where the view runs no loss.
    """

    counts: Mapping[str, Counts]
    loss: float = 0.0
    accepted: int = 0


class Scorer:
    """Adds up the scores of a view batch by batch.

    Args:
        graph: the solved graph.
        view: a view with `score`, losses or both.
        metrics: name -> how to compare; has every name that the view scores.
    """

    def __init__(self, graph: SolvedGraph, view: View, metrics: Metrics) -> None:
        self._graph = graph
        self._view = view
        self._metrics = {name: metrics[name] for name in view.score}
        self.counts: dict[str, Counts] = {}
        self._loss = 0.0
        self._accepted = 0

    def add(self, values: Mapping[PortName, Any], utterances: int) -> None:
        """Take in the values that the view gave for a batch of so many utterances."""
        self.take(self.measure(values, utterances))

    def measure(self, values: Mapping[PortName, Any], utterances: int) -> BatchScore:
        """Score the values that the view gave for a batch, without adding them."""
        counts = {
            name: self._metrics[name](values[reference], values[hypothesis])
            for name, (hypothesis, reference) in self._view.score.items()
        }
        losses = losses_of(self._graph, self._view, values)
        if losses is None:
            return BatchScore(counts)
        out = [int(rejected.sum()) for rejected in losses.rejected.values()]
        accepted = utterances - max(out, default=0)
        return BatchScore(counts, float(losses.total) * accepted, accepted)

    def take(self, score: BatchScore) -> None:
        """Add the score of a batch."""
        for name, counts in score.counts.items():
            self.counts[name] = self.counts[name] + counts if name in self.counts else counts
        self._loss += score.loss
        self._accepted += score.accepted

    @property
    def loss(self) -> float | None:
        """The mean loss of the utterances that count; None where nothing was measured."""
        return self._loss / self._accepted if self._accepted else None

    @property
    def scores(self) -> dict[str, float]:
        """Every rate by metric, and the loss: lower is better."""
        rates = {name: counts.rate for name, counts in self.counts.items()}
        return rates if self.loss is None else {**rates, "loss": self.loss}
