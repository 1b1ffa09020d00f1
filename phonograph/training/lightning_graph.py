"""One LightningModule around a graph and its views."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Self

import pytorch_lightning as pl
import torch
from torch import Tensor

from phonograph.errors import DataError
from phonograph.graphs.model import Model
from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.failed_batch import all_finite
from phonograph.training.not_finite import Circumstances, not_finite
from phonograph.training.optimizer import build_optimizer, keep_frozen_still, set_rate
from phonograph.training.position import Position, loops_at
from phonograph.training.random_state import seed_everything
from phonograph.training.rejections import Rejections
from phonograph.training.run_directory import RunDirectory
from phonograph.training.scoring import Metrics, losses_of
from phonograph.training.settings import Settings
from phonograph.training.sharded_strategy import ShardedStrategy
from phonograph.training.sharding import gathered, own_part
from phonograph.training.skipped import Skipped
from phonograph.training.split import Batches, PortBatch, Split, ids_of
from phonograph.training.validation import Validation


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What training needs beside the graph and its data.

    Args:
        settings: the `train` section.
        metrics: how to score.
        run: where files go.
        say: told what a user should know.
        processes: for how many the batches are dealt, a multiple of those that train.
    """

    settings: Settings
    metrics: Metrics
    run: RunDirectory
    say: Callable[[str], None]
    processes: int = 1


class LightningGraph(pl.LightningModule):
    """Trains the `train` view and scores the `validate` view of a graph.

    Random numbers are a pure function of the seed and the batch, counted over all processes, so
    that augmentation and dropout are the same in every run, continued or not. Frozen parts stay in
    evaluation mode.

    Args:
        model: the built graph; weights that need no gradient are left alone.
        train: the `train` view, or its rest, with its data.
        validation: the `validate` view, or its rest, with its data; None to train blindly.
        around: settings, metrics and the run directory.

    Attributes:
        last_loss: loss of the last batch on this process.
        scores: what the last validation measured, lower is better; empty before the first.
        heard: what was said and heard in the last validation.
        batches_done: batches trained on by this process.
    """

    def __init__(
        self, model: Model, train: Split, validation: Split | None, around: Surroundings
    ) -> None:
        super().__init__()
        self.modules_by_node = model.module
        self.graph = model.graph
        self._model = model
        self.splits = (train, validation)
        self.around = around
        self.rejections = Rejections(around.run.rejected, around.say)
        self.skipped = Skipped(around.run.skipped, around.say)
        self.last_loss = torch.tensor(float("nan"))
        self.scores: dict[str, float] = {}
        self.heard: list[ScoredUtterance] = []
        self.batches_done = 0
        self._computed: PortBatch | None = None
        self._seeds: tuple[int, ...] = ()
        self._trained: list[Tensor] = []
        self._validation: Validation | None = None
        self._dealt: Batches | None = None
        self._validated: Batches | None = None
        self._opened: list[Batches] = []
        self._started = time.monotonic()
        self._spent = 0.0
        self._begin = (0, 0)  # epoch, and batch of this process in it

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - as torch has it
        """Switch the mode; parts whose weights are all frozen stay in evaluation mode."""
        super().train(mode)
        keep_frozen_still(self.modules_by_node)
        return self

    def train_dataloader(self) -> Batches:
        """Deal this process its batches."""
        name = self.splits[0].name
        self._dealt = self.splits[0].training(
            partial(self.skipped.note, name),
            seed=self.around.settings.seed,
            rank=self.trainer.global_rank,
            world=self.trainer.world_size,
            multiple=self.around.processes,
        )
        self._dealt.set_epoch(*self._begin)
        self._opened.append(self._dealt)
        return self._dealt

    def val_dataloader(self) -> Batches | list[Any]:
        """Deal this process its part of the validation data."""
        validation = self.splits[1]
        if validation is None:
            return []
        skip = partial(self.skipped.note, validation.name)
        rank, world = self.trainer.global_rank, self.trainer.world_size
        self._validated = validation.evaluation(skip, rank=rank, world=world)
        self._opened.append(self._validated)
        return self._validated

    def close(self) -> None:
        """End the processes that read ahead."""
        for batches in self._opened:
            batches.close()

    def configure_model(self) -> None:
        """Divide the weights among the processes, where the strategy is FSDP2."""
        if isinstance(self.trainer.strategy, ShardedStrategy):
            views = [split.view for split in self.splits if split is not None]
            networks = [network for view in views for network in view.networks.values()]
            self.trainer.strategy.divide(self.modules_by_node, self.graph.nodes, networks)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimizer of the weights that are not frozen.

        Raises:
            GraphError: the optimizer refuses its arguments.
        """
        return build_optimizer(self.modules_by_node, self.around.settings, self.graph)

    def on_train_start(self) -> None:
        """Start the clock; put frozen parts into evaluation mode."""
        self.train()
        self._trained = [w for w in self.modules_by_node.parameters() if w.requires_grad]
        self._started = time.monotonic() - self._spent

    def on_train_epoch_start(self) -> None:
        """Shuffle anew."""
        if self._dealt is not None:
            self._dealt.set_epoch(self.current_epoch)

    def on_train_batch_start(self, *_: Any) -> None:
        """Set the random state and the learning rate of this batch."""
        settings = self.around.settings
        world = self.trainer.world_size
        self._seeds = (settings.seed, self.batches_done * world + self.global_rank)
        seed_everything(*self._seeds)
        optimizer = self.trainer.optimizers[0]
        set_rate(optimizer, settings.schedule, self.global_step, self.progress())

    def training_step(self, batch: PortBatch) -> Tensor:
        """Return the loss of a batch.

        Raises:
            DataError: the loss is not finite; names the utterances and the file with the batch.
        """
        split = self.splits[0]
        losses = losses_of(self.graph, split.view.view, split.view(batch))
        assert losses is not None
        ids = ids_of(self.graph, batch)
        if not bool(torch.isfinite(losses.total)):
            raise self.failure(batch, losses.total.detach())
        self.rejections.note(split.name, ids, losses.rejected, step=self.global_step)
        self.last_loss = losses.total.detach()
        self._computed = batch
        share = self._share()
        self.batches_done += 1
        return losses.total if share == 1 else losses.total * share

    def on_after_backward(self) -> None:
        """See to it that no weight becomes NaN; a `GradScaler` does so itself.

        Raises:
            DataError: a gradient is not finite; names the utterances and the file with the batch.
        """
        batch, self._computed = self._computed, None
        if batch is None or getattr(self.trainer.precision_plugin, "scaler", None) is not None:
            return
        if not all_finite(own_part(w.grad) for w in self._trained if w.grad is not None):
            raise self.failure(batch, self.last_loss)

    def _share(self) -> float:
        """Return by how much this batch counts among all those of one step."""
        if self._dealt is None:
            return 1.0
        together = self.trainer.world_size * self.trainer.accumulate_grad_batches
        count = int(self.trainer.num_training_batches)
        return self._dealt.share(self.batches_done % count, together, count)

    def on_validation_epoch_start(self) -> None:
        """Count from nothing."""
        validation = self.splits[1]
        self.heard = []
        if validation is not None:
            self._validation = Validation(self.graph, validation.view.view, self.around.metrics)

    def validation_step(self, batch: PortBatch, batch_idx: int) -> None:
        """Score a batch, unless it only stands in for one."""
        validation = self.splits[1]
        assert validation is not None
        assert self._validation is not None
        assert self._validated is not None
        with gathered(validation.view.networks.values()):
            values = validation.view(batch)
        if self._validated.stands_in(batch_idx):
            return
        ids = ids_of(self.graph, batch)
        number = batch_idx * self.trainer.world_size + self.global_rank
        self._validation.add(number, values, _size_of(batch), ids)
        losses = losses_of(self.graph, validation.view.view, values)
        if losses is not None:
            self.rejections.note(validation.name, ids, losses.rejected, step=self.global_step)

    def on_validation_epoch_end(self) -> None:
        """Keep the scores, which are those of all processes."""
        if self._validation is not None:
            self.scores, self.heard = self._validation.finish(self.trainer.world_size)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write where the training stands in place of Lightning's own counters."""
        checkpoint["loops"] = {}
        checkpoint["position"] = asdict(self.position)
        checkpoint["scores"] = self.scores

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on where the training stood."""
        position = Position(**checkpoint["position"])
        world = self.trainer.world_size
        self.batches_done = position.batches // world
        self._begin = (position.epoch, position.batch // world)
        self._spent = position.seconds
        self._started = time.monotonic() - self._spent  # a training that is over never starts
        self.scores = dict(checkpoint.get("scores", {}))
        checkpoint["loops"] = loops_at(position, world)

    @property
    def position(self) -> Position:
        """Where the training stands between two batches."""
        world = self.trainer.world_size
        return Position(
            batches=self.batches_done * world,
            per_epoch=int(self.trainer.num_training_batches) * world,
            processes=self.around.processes,
            step=self.global_step,
            seconds=self.seconds,
        )

    @property
    def seconds(self) -> float:
        """Seconds spent on training, in this process and in those that it continues."""
        return time.monotonic() - self._started

    @property
    def learning_rate(self) -> float:
        """The rate of the last step."""
        return float(self.trainer.optimizers[0].param_groups[0]["lr"])

    @property
    def epochs_done(self) -> float:
        """Passes over the training data, with their fraction."""
        return self.batches_done / max(1, int(self.trainer.num_training_batches))

    @property
    def audio_seconds(self) -> float:
        """Seconds of audio that all processes trained on, taking batches as equally long."""
        return self.splits[0].seconds * self.epochs_done

    def progress(self) -> float:
        """Return how much of the budget is used up, in [0, 1], the same on every process."""
        budget = self.around.settings.budget
        seconds = self.seconds
        if budget.seconds is not None and self.trainer.world_size > 1:
            seconds = self.trainer.strategy.broadcast(seconds)
        return budget.progress(steps=self.global_step, epochs=self.epochs_done, seconds=seconds)

    def failure(self, batch: PortBatch, loss: Tensor) -> DataError:
        """Save the batch that was computed last, and say what is not finite about it."""
        precision = str(self.trainer.precision)
        around = Circumstances(self.global_step, self.global_rank, self._seeds, precision)
        return not_finite(self.around.run, self._model, batch, loss, around)


def _size_of(batch: PortBatch) -> int:
    return max(len(value) for value in batch.values())
