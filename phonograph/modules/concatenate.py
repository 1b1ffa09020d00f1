"""Several branches side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.modules.equally_long import equally_long
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import Several, ports
from phonograph.types.registry import register


@register("combine.concatenate", version=1)
class Concatenate(nn.Module):
    """Put frames of one length side by side; the widths add up (Szegedy et al. 2015, sec. 4).

    Szegedy et al., Going deeper with convolutions, 1409.4842: filters of parallel branches are
    concatenated.

    >>> import torch
    >>> Concatenate()([torch.zeros(2, 4, 7), torch.zeros(2, 3, 7)]).shape
    torch.Size([2, 7, 7])
    """

    @ports(inputs=Several(Frames("B D_i T")), out={"encoded": Encoded("B sum(D_i) T")})
    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return [B, sum of D_i, T] for frames [B, D_i, T], in the order of the list."""
        return torch.cat(equally_long(inputs), 1)
