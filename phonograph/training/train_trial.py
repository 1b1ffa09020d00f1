"""Trying out the training itself: steps on the longest batch and on a few others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.errors import Diagnostic
from phonograph.graphs.kept_for_backward import KeptForBackward
from phonograph.graphs.model import Model
from phonograph.training.cached_prefix import Place
from phonograph.training.failed_batch import all_finite
from phonograph.training.memory import PeakMemory, bytes_of
from phonograph.training.optimizer import build_optimizer, set_rate
from phonograph.training.random_state import seed_everything
from phonograph.training.scoring import Losses
from phonograph.training.settings import Settings
from phonograph.training.split import ids_of
from phonograph.training.trial import Batched, LoadedBatch, Runner, Trial, rejected_of, shapes

FEWEST = 3
PATIENCE = 3.0
"""Seconds after which no further batch is timed, once there were `FEWEST`."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that training holds, measured on the longest batch.

    Args:
        weights: all of them, frozen ones too.
        gradients: of the weights that are trained.
        optimizer: what the optimizer and a moving average keep beside them.
        activations: what the forward pass keeps for the backward pass.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All together; a program and its libraries take more."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True, slots=True)
class TrainTrial:
    """What a few steps of training gave.

    Args:
        trial: the longest batch.
        memory: what training holds.
        step_rate: seconds of training for a padded second of audio, reading included where it
            is not done once.
        prefix_rate: seconds of the frozen prefix for a padded second of audio.
        timed: batches that the rates come from.
        prefix: nodes that training computes once.
        faults: a loss or a gradient that is not finite.
    """

    trial: Trial
    memory: Memory
    step_rate: float
    prefix_rate: float
    timed: int
    prefix: tuple[str, ...]
    faults: tuple[Diagnostic, ...]


def try_training(model: Model, batched: Batched, place: Place, settings: Settings) -> TrainTrial:
    """Train on a few batches.

    Args:
        model: the model with which training would begin; its weights change.
        batched: the data of the view `train`.
        place: the device and the precision.
        settings: the `train` section.

    Raises:
        GraphError: the optimizer refuses its arguments.
    """
    return _Steps(model, batched, place, settings).run()


@dataclass(frozen=True, slots=True)
class _Step:
    """One step: seconds to read, for the prefix, for the rest; of audio; and what it gave."""

    read: float
    given: float
    trained: float
    audio: float
    loss: float
    outputs: Mapping[str, tuple[int, ...]]
    rejected: tuple[str, ...]


class _Steps:
    """Steps of the optimizer, each timed."""

    def __init__(self, model: Model, batched: Batched, place: Place, settings: Settings) -> None:
        self.model, self.batched, self.settings = model, batched, settings
        self.runner = Runner(model, "train", place, apart=settings.cache)
        self.optimizer = build_optimizer(model.module, settings, model.graph)
        self.faults: dict[Diagnostic, None] = {}

    def run(self) -> TrainTrial:
        """Measure the memory of the longest batch, then the time of the others."""
        longest, *others = self.batched.loaded
        trial, memory, timed = self._longest(longest)
        steps: list[_Step] = []
        for number, batch in enumerate(others, start=2):
            if len(steps) >= FEWEST and sum(step.trained for step in steps) > PATIENCE:
                break
            steps.append(self._step(batch, number))
        steps = steps or [timed]
        audio, apart = sum(step.audio for step in steps), bool(self.runner.prefix_nodes)
        once = sum(step.given + step.read for step in steps)
        every = sum(step.trained + (0.0 if apart else self._waiting(step)) for step in steps)
        return TrainTrial(
            trial=trial,
            memory=memory,
            step_rate=every / audio,
            prefix_rate=once / audio if apart else 0.0,
            timed=len(steps),
            prefix=self.runner.prefix_nodes,
            faults=tuple(self.faults),
        )

    def _longest(self, batch: LoadedBatch) -> tuple[Trial, Memory, _Step]:
        """Take two steps: memory is measured at the first, which prepares much, time after it."""
        module, runner = self.model.module, self.runner
        kept = KeptForBackward([*module.parameters(), *module.buffers()])
        with PeakMemory(runner.place.device) as peak:
            step = self._step(batch, 0, kept)
        gradients = [weight.grad for weight in module.parameters() if weight.grad is not None]
        memory = Memory(
            weights=bytes_of(module.parameters()),
            gradients=bytes_of(gradients),
            optimizer=bytes_of(_state_of(self.optimizer)) + self._average(),
            activations=kept.bytes,
        )
        again = self._step(batch, 1)
        trial = Trial(
            view="train",
            split=self.batched.split.name,
            fed=False,
            utterances=len(batch.durations),
            audio_seconds=sum(batch.durations),
            batches=self.batched.batches,
            inputs=shapes(batch.values, self.model.plan("train").inputs),
            outputs=step.outputs,
            loss=step.loss,
            finite=math.isfinite(step.loss),
            rejected=step.rejected,
            seconds=again.given + again.trained,
            loading_seconds=batch.seconds,
            peak_bytes=peak.bytes,
        )
        return trial, memory, again

    def _step(
        self, batch: LoadedBatch, number: int, watched: AbstractContextManager[Any] | None = None
    ) -> _Step:
        runner, start = self.runner, self.runner.now()
        given = runner.given(batch.values)
        between = runner.now()
        seed_everything(self.settings.seed, number)
        self.optimizer.zero_grad()
        set_rate(self.optimizer, self.settings.schedule, number, 0.0)
        with watched or nullcontext():
            values = runner.forward(given, training=True)
        losses = runner.losses(values)
        assert losses is not None  # `check_trainable` looked
        if losses.total.isfinite():
            losses.total.backward()
        weights = self.model.module.parameters()
        if losses.total.isfinite() and all_finite(w.grad for w in weights if w.grad is not None):
            self.optimizer.step()
        else:
            self.faults[self._not_finite(batch, losses)] = None
        return _Step(
            read=batch.seconds,
            given=between - start,
            trained=runner.now() - between,
            audio=batch.padded_seconds,
            loss=float(losses.total.detach()),
            outputs=shapes(values, runner.rest.view.outputs),
            rejected=rejected_of(self.model, batch.values, losses),
        )

    def _average(self) -> int:
        trained = [weight for weight in self.model.module.parameters() if weight.requires_grad]
        return bytes_of(trained) if self.settings.ema else 0

    def _waiting(self, step: _Step) -> float:
        """Seconds for a batch, less what other processes read ahead during a step."""
        workers = self.batched.split.workers
        return max(0.0, step.read / workers - step.trained) if workers else step.read

    def _not_finite(self, batch: LoadedBatch, losses: Losses) -> Diagnostic:
        named = ", ".join(f"`{name}`" for name in ids_of(self.model.graph, batch.values))
        code, what = "PT004", f"the loss is {losses.total.item()}"
        if losses.total.isfinite():
            code, what = "PT032", "the loss is finite, but gradients are not,"
        return Diagnostic(
            code,
            f"{what} within the first steps",
            causes=(f"the batch holds {named}",) if named else (),
            help="lower `lr`, clip (train.trainer.gradient_clip_val=1), or hear the recordings",
        )


def _state_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    states = (state.values() for state in optimizer.state.values())
    return [value for values in states for value in values if isinstance(value, Tensor)]
