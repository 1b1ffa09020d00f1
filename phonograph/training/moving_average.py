"""The moving average of the weights, which is what gets validated and saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.sharding import divided_like


def decay_at(update: int, decay: float) -> float:
    """Return the decay of an update: it grows, so that the first weights are soon forgotten.

    With `min(decay, (1 + update) / (10 + update))`, as in `tf.train.ExponentialMovingAverage`, the
    average spans about a tenth of the updates so far until it reaches its full length.

    Args:
        update: updates done before this one.
        decay: the highest value, in (0, 1).

    >>> [round(decay_at(update, 0.999), 3) for update in (0, 90, 10_000)]
    [0.1, 0.91, 0.999]
    """
    return min(decay, (1 + update) / (10 + update))


class MovingAverage(pl.Callback):
    """Keeps an exponential moving average of weights and running statistics beside the training.

    After each step of the optimizer, average = decay * average + (1 - decay) * weights (Polyak and
    Juditsky 1992; Tarvainen and Valpola 2017, sec. 2). Numbers that count, such as the batches that
    a norm has seen, are taken as they are. The average stands in the model while it is validated
    and wherever it is `applied`; otherwise the training weights do.

    Lightning's own `WeightAveraging` copies the whole LightningModule, averages frozen weights and
    leaves bundles that are saved while training without the average.

    Args:
        decay: share of the average that stays at a step, in (0, 1); lower at first: `decay_at`.

    Attributes:
        updates: steps of the optimizer that were averaged.
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._average: dict[str, Tensor] = {}
        self._training: dict[str, Tensor] = {}  # put aside while the average is in their place
        self._step = 0
        self.updates = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin with the weights as they are, or go on with the average that was loaded."""
        self._step = trainer.global_step
        if self._training:  # the state was saved while the average was in the model
            self._put_back(pl_module)
        current = _averaged(pl_module)
        known = self._average or current
        self._average = {
            name: divided_like(known[name].detach(), value).to(
                value.device, _dtype(value), copy=True
            )
            for name, value in current.items()
        }

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Take in the weights after a step of the optimizer."""
        if trainer.global_step == self._step:  # gradients are still accumulated
            return
        self._step = trainer.global_step
        share = 1 - decay_at(self.updates, self._decay)
        with torch.no_grad():
            for name, value in _averaged(pl_module).items():
                average = self._average[name]
                if value.is_floating_point():
                    average.lerp_(value.to(average.dtype), share)
                else:
                    average.copy_(value)
        self.updates += 1

    def on_validation_start(self, _: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the average into the model."""
        self._put_in_place(pl_module)

    def on_validation_end(self, _: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the training weights back."""
        self._put_back(pl_module)

    @contextmanager
    def applied(self, module: LightningGraph) -> Iterator[None]:
        """Put the average into the model for a while, unless it stands there already."""
        if self._training:
            yield
            return
        self._put_in_place(module)
        try:
            yield
        finally:
            self._put_back(module)

    def end(self) -> None:
        """Forget the average: whatever is in the model is validated and saved from now on."""
        self._average, self._training = {}, {}

    def state_dict(self) -> dict[str, Any]:
        """Return what a training needs to go on: the average and how often it was updated."""
        average, training = dict(self._average), dict(self._training)
        return {"updates": self.updates, "average": average, "training": training}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what `state_dict` gave."""
        self.updates = int(state_dict["updates"])
        self._average = dict(state_dict["average"])
        self._training = dict(state_dict["training"])

    def _put_in_place(self, module: pl.LightningModule) -> None:
        if not self._average:  # nothing was trained yet
            return
        current = _averaged(module)
        self._training = {name: value.detach().clone() for name, value in current.items()}
        _copy(self._average, current)

    def _put_back(self, module: pl.LightningModule) -> None:
        if self._training:
            _copy(self._training, _averaged(module))
        self._training = {}


def _averaged(module: pl.LightningModule) -> Mapping[str, Tensor]:
    """Trained weights and running statistics, each once even where nodes share it."""
    assert isinstance(module, LightningGraph)
    graph = module.modules_by_node
    saved = graph.state_dict()
    weights = {name: weight for name, weight in graph.named_parameters() if weight.requires_grad}
    return weights | {name: value for name, value in graph.named_buffers() if name in saved}


def _copy(values: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in into.items():
            value.copy_(divided_like(values[name], value))


def _dtype(value: Tensor) -> torch.dtype:
    """At least float32: in bf16 an average would not move by a thousandth."""
    wide = value.is_floating_point()
    return torch.promote_types(value.dtype, torch.float32) if wide else value.dtype
