"""A branch and the way around it."""

from __future__ import annotations

import math

from torch import Tensor, nn

from phonograph.modules.equally_long import equally_long
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("combine.residual", version=1)
class Residual(nn.Module):
    """Add to frames what a branch makes of them: skip + scale * branch (He et al. 2016, sec. 3.1).

    Deep residual learning, 1512.03385. The way around the branch is the identity; where widths
    differ, `adapt.project` in front of `skip` is the projection of equation 2.

    Args:
        scale: factor of the branch, finite and not 0; 0.5 makes a half-step residual, as in
            Conformers.

    Raises:
        ValueError: `scale` is 0 or not finite.

    >>> import torch
    >>> Residual(scale=0.5)(torch.ones(2, 4, 7), torch.ones(2, 4, 7)).unique()
    tensor([1.5000])
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        super().__init__()
        if not math.isfinite(scale) or scale == 0:
            raise ValueError(f"`scale` must be finite and not 0, not {scale}")
        self.scale = scale

    @ports(skip=Frames("B D T"), branch=Frames("B D T"), out={"encoded": Encoded("B D T")})
    def forward(self, skip: Tensor, branch: Tensor) -> Tensor:
        """Return [B, D, T] for the input [B, D, T] of a branch and its output [B, D, T]."""
        skip, branch = equally_long([skip, branch])
        return skip + self.scale * branch
