"""Compute a batch again whose numbers were not finite, and see where that begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx

from phonograph.errors import DataError, Diagnostic, Place
from phonograph.graphs.bundle import open_bundle
from phonograph.graphs.compiled_view import CompiledView
from phonograph.graphs.model import Model
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import cut
from phonograph.training.failed_batch import FailedBatch, all_finite, read_failed_batch
from phonograph.training.optimizer import keep_frozen_still
from phonograph.training.random_state import seed_everything
from phonograph.training.run_directory import RunDirectory
from phonograph.training.scoring import losses_of
from phonograph.training.split import to_device
from phonograph.training.trainer import plain_precision
from phonograph.types.kinds import Loss
from phonograph.types.registry import Registry


@dataclass(frozen=True, slots=True)
class Replay:
    """What a batch gave when it was computed again.

    Args:
        file: the batch.
        step: steps of the optimizer that were done.
        was: its loss at that time.
        loss: its loss now.
        losses: utterance -> its loss alone, given the outputs that the batch gave.
        output: the first output that is not finite, or an input; empty where all are.
        utterances: those to which that output belongs.
        gradient: the output nearest to the loss whose gradient is not finite; empty where none is.
        weights: weights whose gradient is not finite.
    """

    file: Path
    step: int
    was: str
    loss: float
    losses: Mapping[str, float]
    output: str
    utterances: tuple[str, ...]
    gradient: str
    weights: tuple[str, ...]


def replay(run: Path, registry: Registry, device: str = "cpu") -> Iterator[Replay]:
    """Compute every failed batch of a run directory again, each process's own.

    Weights, random numbers and precision are those of the training.

    Args:
        run: the run directory.
        registry: the modules that may be named.
        device: where to compute.

    Raises:
        DataError: there is no failed batch, or it cannot be read.
        BundleError: the weights cannot be read.
    """
    files = sorted(run.glob("failed_batch*.safetensors"))
    if not files:
        raise DataError(_nothing(run))
    for file in files:
        batch = read_failed_batch(file)
        model = open_bundle(RunDirectory(run).failed_weights, registry, device)
        yield _compute(file, batch, model, device)


def _nothing(run: Path) -> Diagnostic:
    if run.is_dir():
        message = "no batch failed in this run directory"
        help = "one is saved when a loss or a gradient is not finite"
    else:
        message = "there is no such run directory"
        help = "give the folder that `phonograph train` was told with --run"
    return Diagnostic("PT033", message, Place(str(run)), help=help)


def _compute(file: Path, batch: FailedBatch, model: Model, device: str) -> Replay:
    precision = plain_precision(batch.precision, device)
    weights = dict(precision.convert_module(model.module).named_parameters())
    for name, weight in weights.items():
        weight.requires_grad = name not in batch.frozen
    model.module.train()
    keep_frozen_still(model.module)
    given, view = to_device(batch.values, device), _view(model, batch)
    ids = list(batch.ids) or [f"row {row}" for row in range(_rows(given))]
    watched = _Watched(view, len(ids), model)
    seed_everything(*batch.seeds)
    with precision.forward_context():
        values = replace(view, core=cast("Any", watched.run))(given)
    losses = losses_of(model.graph, view.view, values)
    assert losses is not None  # it was trained
    if losses.total.isfinite():
        losses.total.backward()
    entries = [(str(port), value) for port, value in given.items() if port in view.view.inputs]
    bad = next(_not_finite([*entries, *watched.outputs]), None)
    found = {name: weight.grad for name, weight in weights.items() if weight.grad is not None}
    return Replay(
        file=file,
        step=batch.step,
        was=batch.loss,
        loss=losses.total.item(),
        losses=dict(zip(ids, watched.alone, strict=True)),
        output=bad[0] if bad else "",
        utterances=_utterances(bad[1], ids) if bad else (),
        gradient=next(iter(watched.gradients), ""),
        weights=tuple(name for name, gradient in found.items() if not all_finite([gradient])),
    )


class _Watched(fx.Interpreter):
    """Runs a view and keeps what each node gives.

    Attributes:
        outputs: port and value, in order.
        alone: the loss of each utterance.
        gradients: ports whose gradient is not finite, as the backward pass comes to them.
    """

    def __init__(self, view: CompiledView, count: int, model: Model) -> None:
        super().__init__(view.core)
        self._model, self._count = model, count
        self.outputs: list[tuple[str, Any]] = []
        self.alone = [0.0] * count
        self.gradients: list[str] = []

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Run a node."""
        result = super().call_module(target, args, kwargs)
        ports = self._model.graph.nodes[target].declaration.ports.returned
        for port, value in zip(ports, result if len(ports) > 1 else (result,), strict=True):
            self._keep(f"{target}.{port}", value)
        if any(isinstance(kind, Loss) for kind in ports.values()):
            for row in range(self._count):
                self.alone[row] += self._alone(target, kwargs, row)
        return result

    def _keep(self, name: str, value: Any) -> None:
        self.outputs.append((name, value))
        if isinstance(value, Tensor) and value.requires_grad:
            value.register_hook(
                lambda gradient: None if all_finite([gradient]) else self.gradients.append(name)
            )

    def _alone(self, target: Any, kwargs: Any, row: int) -> float:
        """Give a loss one utterance, with its padding."""

        def pick(value: Any) -> Any:
            shared = not isinstance(value, Tensor) or not value.dim() or len(value) != self._count
            return value if shared else value[row : row + 1]

        with torch.no_grad():
            result = super().call_module(target, (), fx.node.map_aggregate(kwargs, pick))
        ports = self._model.graph.nodes[target].declaration.ports.returned
        values = zip(ports.values(), result if len(ports) > 1 else (result,), strict=True)
        return sum(float(value) for kind, value in values if isinstance(kind, Loss))


def _view(model: Model, batch: FailedBatch) -> CompiledView:
    """Return the view `train`, or its rest where the batch holds what its frozen prefix gave."""
    whole = model.plan("train")
    if set(whole.inputs) <= set(batch.values):
        return model.view("train")
    spec = model.graph.spec.views["train"]
    return model.compile(cut(model.graph, spec, whole.outputs, batch.values))


def _rows(given: Mapping[PortName, Any]) -> int:
    return max(len(value) for value in given.values())


def _not_finite(values: list[tuple[str, Any]]) -> Iterator[tuple[str, Tensor]]:
    for name, value in values:
        if isinstance(value, Tensor) and value.is_floating_point() and not all_finite([value]):
            yield name, value.detach()


def _utterances(value: Tensor, ids: list[str]) -> tuple[str, ...]:
    if not value.dim() or len(value) != len(ids):
        return ()
    return tuple(id for id, row in zip(ids, value, strict=True) if not all_finite([row]))
