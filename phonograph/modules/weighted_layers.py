"""A learnt mixture of layers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.equally_long import equally_long
from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import Several, ports
from phonograph.types.registry import register


@register("combine.weighted_layers", version=1)
class WeightedLayers(nn.Module):
    """Mix layers with learnt weights that sum to one, and scale the mixture (ELMo, sec. 3.2).

    Peters et al. 2018, Deep contextualized word representations, 1802.05365, equation 1; SUPERB
    (Yang et al. 2021, 2105.01051) hears frozen speech encoders so. All weights are equal at the
    start, and the scale is 1.

    Args:
        layers: number of inputs, at least 1; solved from the wires when left out.
        norm: what each layer goes through before it is weighted: `layer`, mean 0 and variance 1
            over the width of every frame, without further weights, or `none`.

    Raises:
        ValueError: `layers` is below 1.

    >>> mixture = WeightedLayers(2)
    >>> mixture([torch.zeros(2, 4, 7), torch.ones(2, 4, 7)]).unique()
    tensor([0.5000], grad_fn=<Unique2Backward0>)
    """

    def __init__(self, layers: int, *, norm: Literal["none", "layer"] = "none") -> None:
        super().__init__()
        check_at_least(1, layers=layers)
        self.norm = norm
        self.weights = nn.Parameter(torch.zeros(layers))
        self.scale = nn.Parameter(torch.ones(()))

    @property
    def shares(self) -> Tensor:
        """The weight of every layer, [layers], from 0 to 1; they sum to one."""
        return self.weights.float().softmax(0)

    @ports(inputs=Several(Frames("B D T"), count="layers"), out={"encoded": Encoded("B D T")})
    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return the mixture [B, D, T] of layers [B, D, T] each."""
        mixture: Tensor | int = 0
        for layer_bdt, share in zip(equally_long(inputs), self.shares, strict=True):
            mixture = mixture + share * self._normed(layer_bdt)
        return self.scale * mixture

    def _normed(self, layer_bdt: Tensor) -> Tensor:
        if self.norm == "none":
            return layer_bdt
        return functional.layer_norm(layer_bdt.mT, layer_bdt.shape[1:2]).mT
