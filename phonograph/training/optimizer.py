"""The optimizer of a training, its rate, and the mode in which modules are trained."""

from __future__ import annotations

import torch
from torch import nn

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.optimizer_choice import OPTIMIZERS
from phonograph.training.schedule import Schedule
from phonograph.training.settings import Settings

_FUSED = {"adam", "adamw"}
"""Optimizers that can take a step in one operation, also of divided weights."""


def build_optimizer(
    module: nn.Module, settings: Settings, graph: SolvedGraph
) -> torch.optim.Optimizer:
    """Make the optimizer of the weights that are not frozen.

    Args:
        module: owns the weights.
        settings: name the optimizer.
        graph: for the place of a refused setting.

    Raises:
        GraphError: the optimizer refuses its arguments.
    """
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    rates = {**_in_one_operation(settings, weights), **settings.rates}
    try:
        optimizer = OPTIMIZERS[settings.optimizer](weights, **rates)
    except (ValueError, RuntimeError) as error:
        place = graph.spec.document.place("train", "optimizer")
        message = f"`{settings.optimizer}` refuses its arguments: {error}"
        raise GraphError(Diagnostic("PT005", message, place)) from None
    # A fused optimizer could divide by the scale of fp16 itself, but then nobody could clip before.
    optimizer.__dict__.pop("_step_supports_amp_scaling", None)
    return optimizer


def _in_one_operation(settings: Settings, weights: list[nn.Parameter]) -> dict[str, bool]:
    """Return what makes an optimizer take its step in one operation, where it can."""
    chosen = settings.rates.keys() & {"fused", "foreach", "differentiable"}
    able = all(weight.device.type in ("cpu", "cuda") for weight in weights)
    fused = settings.optimizer in _FUSED and able and not chosen
    return {"fused": True} if fused else {}


def set_rate(
    optimizer: torch.optim.Optimizer, schedule: Schedule, step: int, progress: float
) -> None:
    """Give every group of weights the learning rate of a step.

    Args:
        optimizer: remembers the rate that was written.
        schedule: how the rate changes.
        step: steps of the optimizer done.
        progress: how much of the budget is used up, in [0, 1].
    """
    for group in optimizer.param_groups:
        written = group.setdefault("written_lr", group["lr"])
        group["lr"] = schedule.rate(written, step, progress)


def keep_frozen_still(module: nn.Module) -> None:
    """Put every part whose weights are all frozen into evaluation mode.

    >>> norm = nn.BatchNorm1d(2).requires_grad_(False).train()
    >>> keep_frozen_still(norm)
    >>> norm.training
    False
    """
    for part in module.modules():
        needed = [weight.requires_grad for weight in part.parameters()]
        if needed and not any(needed):
            part.eval()
