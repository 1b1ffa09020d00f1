"""Frames of one width become frames of another."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("adapt.project", version=1)
class Project(nn.Module):
    """Change the width of frames by a learnt linear map, frame by frame.

    In front of a residual's skip it is the projection of He et al. 2016, 1512.03385, equation 2.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        width: width that comes out, at least 1; solved from the wire when left out.

    Raises:
        ValueError: a width is below 1.

    >>> import torch
    >>> Project(4, width=6)(torch.zeros(2, 4, 7)).shape
    torch.Size([2, 6, 7])
    """

    def __init__(self, feat_in: int, width: int) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, width=width)
        self.linear = nn.Linear(feat_in, width)

    @ports(frames=Frames("B feat_in T"), out={"encoded": Encoded("B width T")})
    def forward(self, frames: Tensor) -> Tensor:
        """Return [B, width, T] for frames [B, feat_in, T]."""
        return self.linear(frames.mT).mT
