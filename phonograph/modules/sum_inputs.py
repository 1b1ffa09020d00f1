"""The sum of several branches."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.equally_long import equally_long
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import Several, ports
from phonograph.types.registry import register


@register("combine.sum", version=1)
class SumInputs(nn.Module):
    """Add frames of one width and one length, any number of them.

    The merging of branches as in FitNets, Inception and ResNet successors without weights; where
    one branch is the input of the other see `combine.residual`, with learnt weights
    `combine.weighted_layers`.

    >>> import torch
    >>> SumInputs()([torch.ones(2, 4, 7), torch.ones(2, 4, 7)]).unique()
    tensor([2.])
    """

    @ports(inputs=Several(Frames("B D T")), out={"encoded": Encoded("B D T")})
    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return the sum [B, D, T] of frames [B, D, T] each."""
        first, *others = equally_long(inputs)
        for other in others:
            first = first + other
        return first
