"""What a filter over time hears of a stream."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from phonograph.modules.moment import Moment


@dataclass(frozen=True, slots=True)
class Reach:
    """The steps that output t of a filter hears, around step t * stride.

    Args:
        before: steps before that one, at least 0.
        after: steps after it, at least 0.
        stride: steps from one output to the next, at least 1.
    """

    before: int
    after: int
    stride: int = 1

    @property
    def again(self) -> int:
        """How many steps before a block are heard once more."""
        return max(0, self.before + self.after + 1 - self.stride)

    def heard(self, x: Tensor, kept: Tensor, moment: Moment) -> tuple[Tensor, Tensor, Moment]:
        """Return what the next outputs of a stream hear.

        Args:
            x: [B, ..., N] steps, of which the last is the last that an output hears; N is a
                multiple of the stride.
            kept: [B, ..., again] steps before them.
            moment: where they stand.

        Returns:
            the steps from the first one that the filter hears, for N / stride outputs; the last of
            them, to be kept; where the outputs stand.

        >>> x, kept = torch.tensor([[2.0, 3.0, 4.0, 5.0]]), torch.tensor([[1.0]])
        >>> moment = Moment(torch.tensor([2]), torch.tensor([99]))
        >>> heard, kept, moment = Reach(1, 1, stride=2).heard(x, kept, moment)
        >>> heard, kept, moment.first
        (tensor([[1., 2., 3., 4., 5.]]), tensor([[5.]]), tensor([1]))
        """
        every = torch.cat([kept, x], -1)
        unheard = max(0, self.stride - 1 - self.before - self.after)
        kept = every[..., every.shape[-1] - self.again :]
        return every[..., unheard:], kept, self.outputs(moment)

    def outputs(self, moment: Moment) -> Moment:
        """Return where the outputs of steps that stand so stand themselves."""
        if self.stride == 1:
            return moment.earlier(self.after)
        # `//`, since what `torch.div` becomes in ONNX goes through float32
        first = (moment.first + self.stride - 1 - self.after) // self.stride
        return Moment(first, (moment.end + self.stride - 1) // self.stride)
