"""NovoGrad: momentum on gradients that are normalised layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class NovoGrad(torch.optim.Optimizer):
    """Normalise each tensor's gradient by a moving average of its norm (Ginsburg et al. 2019).

    Algorithm 1 of 1905.11286: for each weight tensor w with gradient g,
    v = beta2 * v + (1 - beta2) * |g|^2, at first |g|^2;
    m = beta1 * m + g / (sqrt(v) + eps) + d * w; w = w - lr * m.
    It keeps one number per tensor where Adam keeps a second moment per weight.

    Args:
        params: the weights, or groups of them.
        lr (float): learning rate, above 0.
        betas: decay of the first moment and of the squared norm, each in [0, 1).
        eps (float): keeps the division finite, above 0.
        weight_decay (float): share `d` of the weights that is added to the normalised gradient, at
            least 0.
        grad_averaging (bool): whether the new gradient counts 1 - beta1 instead of 1.

    Raises:
        ValueError: a number is out of range.

    >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    >>> optimizer = NovoGrad([weight], lr=0.5)
    >>> weight.grad = torch.tensor([30.0, 40.0])
    >>> optimizer.step()
    >>> [round(value, 4) for value in weight.tolist()]
    [2.7, 3.6]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.95, 0.98),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        grad_averaging: bool = False,  # noqa: FBT001, FBT002 - as optimizers of torch have theirs
    ) -> None:
        if not lr > 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Invalid betas: {betas}")
        if not eps > 0:
            raise ValueError(f"Invalid eps: {eps}")
        if not weight_decay >= 0:
            raise ValueError(f"Invalid weight_decay: {weight_decay}")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "grad_averaging": grad_averaging,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step.

        Args:
            closure: computes the loss and its gradients again; called first where it is given.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    _move(weight, self.state[weight], group)
        return loss


def _move(weight: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
    first, second = group["betas"]
    gradient = weight.grad
    assert gradient is not None
    if not state:
        state["exp_avg"] = torch.zeros_like(weight)
        state["exp_avg_sq"] = torch.zeros([], dtype=torch.float32, device=weight.device)
    squared = gradient.float().square().sum()
    # a weight that is divided among processes; importing its class takes half a second
    if hasattr(squared, "full_tensor"):
        squared = squared.full_tensor()
    before = state["exp_avg_sq"]
    # without asking the device: a norm of nothing begins anew
    average = torch.where(before == 0, squared, second * before + (1 - second) * squared)
    state["exp_avg_sq"].copy_(average)
    change = gradient / (average.sqrt() + group["eps"])
    change = change.add(weight, alpha=group["weight_decay"])
    if group["grad_averaging"]:
        change = change * (1 - first)
    state["exp_avg"].mul_(first).add_(change)
    weight.add_(state["exp_avg"], alpha=-group["lr"])
