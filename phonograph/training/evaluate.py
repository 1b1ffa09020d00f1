"""Score a model on a manifest, in plain PyTorch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.inference import Precision, inference
from phonograph.graphs.model import Model
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View
from phonograph.training.scoring import Counts, Metrics, Scorer, losses_of
from phonograph.training.skipped import Skipped
from phonograph.training.split import Split, ids_of, open_split, to_device
from phonograph.types.kinds import Loss


@dataclass(frozen=True, slots=True)
class ScoredUtterance:
    """What was said and what was heard.

    Args:
        id: name of the utterance; empty where the data has no names.
        reference: the transcript, normalised as for training.
        hypothesis: what the graph heard.
    """

    id: str
    reference: str
    hypothesis: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores over a whole set.

    Args:
        scores: metric -> errors.
        loss: mean loss of the utterances that count; None where the view runs no loss.
        utterances: in the order of evaluation, longest first; by the view's first score.
        rejected: names of the utterances that a loss could not use.
        audio_seconds: length of all recordings.
        wall_seconds: time that loading, computing and scoring took.
    """

    scores: Mapping[str, Counts]
    loss: float | None
    utterances: tuple[ScoredUtterance, ...]
    rejected: tuple[str, ...]
    audio_seconds: float
    wall_seconds: float


def evaluate(
    model: Model,
    data: str | Path,
    metrics: Metrics,
    *,
    view: str = "validate",
    device: torch.device | str = "cpu",
    precision: Precision = "float32",
    say: Callable[[str], None] | None = None,
) -> Evaluation:
    """Run a view over a set of utterances and score it.

    Args:
        model: a built graph with its weights.
        data: `train`, `validation` or `test` of the data layer, or else the path of a manifest.
        metrics: name -> how to score; has every name that the view scores.
        view: which view to run.
        device: where to compute.
        precision: digits of products, `float32` or `bf16`.
        say: told what is left out, where the data layer says `on_bad: skip`.

    Raises:
        GraphError: the graph has no such view, or it reads no data or scores nothing.
        DataError: the manifest, a recording or a transcript is at fault.
    """
    start = time.monotonic()
    split = _open(model, data, view)
    model.module.to(device).eval()
    scorer = Scorer(model.graph, split.view.view, metrics)
    utterances: list[ScoredUtterance] = []
    rejected: list[str] = []
    skipped = Skipped(None, say)
    skipped.lines(split.name, split.left_out)
    for batch in split.evaluation(partial(skipped.note, split.name)):
        with inference(device, precision):
            values = split.view(to_device(batch, device))
        ids = ids_of(model.graph, batch)
        scorer.add(values, len(next(iter(batch.values()))))
        utterances += scored_utterances(split.view.view, values, ids)
        losses = losses_of(model.graph, split.view.view, values)
        for left_out in losses.rejected.values() if losses else ():
            rejected += [ids[row] for row in left_out.nonzero().flatten().tolist() if ids]
    return Evaluation(
        scores=scorer.counts,
        loss=scorer.loss,
        utterances=tuple(utterances),
        rejected=tuple(dict.fromkeys(rejected)),  # two losses may leave out the same
        audio_seconds=split.seconds,
        wall_seconds=time.monotonic() - start,
    )


def _open(model: Model, data: str | Path, view: str) -> Split:
    compiled = model.view(view)
    node = model.data_node
    if node is None or not all(port.node == node.name for port in compiled.view.inputs):
        place = model.graph.spec.document.key_place("views", view)
        message = f"the view `{view}` reads no data"
        help = "evaluate a view without `feed`, in a graph with a data layer"
        raise GraphError(Diagnostic("PT006", message, place, help=help))
    _refuse_unscored(model, compiled.view)
    layer = model.modules[node.name]
    if data not in layer.manifests:
        layer, data = _reading(layer, Path(data)), "test"
    return open_split(model, view, split=str(data), layer=layer)


def _refuse_unscored(model: Model, view: View) -> None:
    if view.score or any(isinstance(model.graph.output(p).kind, Loss) for p in view.outputs):
        return
    place = model.graph.spec.document.key_place("views", view.name)
    message = f"the view `{view.name}` scores nothing and runs no loss"
    help = "evaluate another view, or give this one a `score`: {wer: [text.text, data.text]}"
    raise GraphError(Diagnostic("PT006", message, place, help=help))


def _reading(layer: Any, manifest: Path) -> Any:
    """Copy a data layer, so that its test split is another manifest."""
    changed = copy.copy(layer)
    changed.manifests = {**layer.manifests, "test": manifest}
    return changed


def scored_utterances(
    view: View, values: Mapping[PortName, Any], ids: list[str]
) -> list[ScoredUtterance]:
    """Return what was said and heard in a batch, by the first score; nothing without a score."""
    if not view.score:
        return []
    hypothesis, reference = next(iter(view.score.values()))
    named = ids or [""] * len(values[reference])
    triples = zip(named, values[reference], values[hypothesis], strict=True)
    return [ScoredUtterance(*triple) for triple in triples]
