"""What a validation measures, put together from all processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.distributed import all_gather_object

from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View
from phonograph.training.evaluate import ScoredUtterance, scored_utterances
from phonograph.training.scoring import BatchScore, Metrics, Scorer

_Scored = tuple[BatchScore, list[ScoredUtterance]]


class Validation:
    """Measures batches, each on one process, and adds them up in the order of one process.

    So all processes know the same scores, which are those of one process to the last digit.

    Args:
        graph: the solved graph.
        view: a view with `score`, losses or both.
        metrics: how to score.
    """

    def __init__(self, graph: SolvedGraph, view: View, metrics: Metrics) -> None:
        self._view = view
        self._scorer = Scorer(graph, view, metrics)
        self._scored: dict[int, _Scored] = {}

    def add(
        self, number: int, values: Mapping[PortName, Any], utterances: int, ids: list[str]
    ) -> None:
        """Measure a batch.

        Args:
            number: the batch, counted over all processes.
            values: what the view gave.
            utterances: in the batch.
            ids: their names, or nothing.
        """
        score = self._scorer.measure(values, utterances)
        self._scored[number] = score, scored_utterances(self._view, values, ids)

    def finish(self, world: int) -> tuple[dict[str, float], list[ScoredUtterance]]:
        """Return every score, and what was said and heard; all processes do so at once.

        Args:
            world: number of processes.
        """
        parts = [self._scored] * world
        if world > 1:
            all_gather_object(parts, self._scored)
        together = {number: scored for part in parts for number, scored in part.items()}
        heard: list[ScoredUtterance] = []
        for _, (score, utterances) in sorted(together.items()):
            self._scorer.take(score)
            heard += utterances
        return self._scorer.scores, heard
