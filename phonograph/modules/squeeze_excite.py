"""A gate on every channel that hears the whole utterance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from phonograph.modules.full_precision import full_precision
from phonograph.modules.ranges import check_at_least


@dataclass(frozen=True, slots=True)
class Excite:
    """How a squeeze-and-excite gate is made.

    Args:
        reduction: how many times narrower the gate's middle is than its channels, at least 1.
        window: frames of the random stretch that is listened to in training, at least 1; by default
            the whole utterance, as always in evaluation.

    Raises:
        ValueError: a number is out of range.
    """

    reduction: int = 8
    window: int | None = None

    def __post_init__(self) -> None:
        check_at_least(1, reduction=self.reduction)
        if self.window is not None:
            check_at_least(1, window=self.window)


class SqueezeExcite(nn.Module):
    """Scale every channel by what the utterance is like on average (Hu et al. 2018, 1709.01507).

    The average counts valid frames only (Han et al. 2020, 2005.03191, sec. 2.2.2).

    Args:
        width: channels, at least `excite.reduction`.
        excite: how the gate is made.
        activation: in the middle of the gate.

    Raises:
        ValueError: the channels are too few to reduce.

    >>> frames, mask = torch.ones(2, 8, 1, 5), torch.ones(2, 1, 1, 5, dtype=torch.bool)
    >>> SqueezeExcite(8, Excite(reduction=2), activation=nn.ReLU())(frames, mask).shape
    torch.Size([2, 8, 1, 5])
    """

    def __init__(self, width: int, excite: Excite, *, activation: nn.Module) -> None:
        super().__init__()
        middle = width // excite.reduction
        if middle < 1:
            message = f"`reduction` must be at most {width}, the channels, not {excite.reduction}"
            raise ValueError(message)
        self.reduce = nn.Linear(width, middle, bias=False)
        self.activation = activation
        self.expand = nn.Linear(middle, width, bias=False)
        self.window = excite.window

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Scale [B, D, 1, T]; `mask` [B, 1, 1, T] is True where a frame is valid."""
        if self.training and self.window is not None:
            mask = mask & _stretch(mask.shape[3], self.window, mask.device)
        # float32: a sum over a long utterance loses digits in bf16.
        with full_precision(frames):
            heard = (frames.float() * mask).sum((2, 3))
            mean = heard / mask.sum((2, 3)).clamp(min=1)
            gate = self.expand(self.activation(self.reduce(mean))).sigmoid()
        return frames * gate.to(frames.dtype)[:, :, None, None]


def _stretch(steps: int, window: int, device: torch.device) -> Tensor:
    """Mark a random stretch of `window` steps, all of them if there are no more."""
    last = max(steps - window, 0)
    start = torch.randint(0, last + 1, (1,), device=device)
    place = torch.arange(steps, device=device)
    return (place >= start) & (place < start + window)
