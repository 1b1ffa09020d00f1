"""A block of your choice, several times, each with a way around it."""

from __future__ import annotations

import math
from copy import deepcopy

import torch
from torch import Tensor, nn

from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import zero_padding
from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.part import Part
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("block.residual", version=1)
class ResidualBlocks(nn.Module):
    """Repeat x + scale * dropout(block(x)) (He et al. 2016, sec. 3.1; for recurrence 1609.08144).

    The block is a part, such as `block: {module: asr.recurrent, with: {d_model: 256}}`. It takes
    frames, with or without their lengths, and gives frames of the same width and length first. Each
    repetition has weights of its own. Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        block: what is repeated; its own `feat_in` is that of the frames.
        repeat: how often, at least 1.
        scale: factor of the branch, finite and not 0.
        dropout: probability in [0, 1) with which a value of the branch is left out in training.

    Raises:
        ValueError: an argument is out of range, or the block does not keep width and length.

    >>> from phonograph.collections.asr.row_conv import RowConv
    >>> blocks = ResidualBlocks(8, block=RowConv(8, ahead=2), repeat=3)
    >>> blocks(torch.zeros(2, 8, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 8, 9])
    """

    def __init__(
        self,
        feat_in: int,
        *,
        block: nn.Module,
        repeat: int = 1,
        scale: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, repeat=repeat)
        check_dropout(dropout)
        if not math.isfinite(scale) or scale == 0:
            raise ValueError(f"`scale` must be finite and not 0, not {scale}")
        self.takes_lengths = _takes_lengths(block)
        self.scale = scale
        self.blocks = nn.ModuleList([block])
        self.blocks.extend(_anew(block) for _ in range(repeat - 1))
        self.dropout = Dropout(dropout)
        self._try_out(feat_in)

    @staticmethod
    def look_ahead(block: Part, repeat: int) -> float:
        """Return the frames after its own that an output hears."""
        return repeat * block.declaration.steps_ahead(block.filled({}).parameters)

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B feat_in T")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Return [B, feat_in, T] for frames [B, feat_in, T] of which `lengths` [B] are valid."""
        x = zero_padding(features, lengths)
        for block in self.blocks:
            x = x + self.scale * self.dropout(self._branch(block, x, lengths))
            x = zero_padding(x, lengths)
        return x

    def _branch(self, block: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
        given = block(x, lengths) if self.takes_lengths else block(x)
        return given[0] if isinstance(given, tuple) else given

    @torch.no_grad()
    def _try_out(self, feat_in: int) -> None:
        """Give the block two sizes: what it declares may depend on its settings."""
        block = self.blocks[0]
        device = next((weight.device for weight in block.parameters()), torch.device("cpu"))
        mode = block.training
        for size in (16, 17):
            x, lengths = torch.zeros(1, feat_in, size, device=device), torch.tensor([size])
            found = list(self._branch(block.eval(), x, lengths.to(device)).shape)
            if found != list(x.shape):
                message = f"`block` gives frames of {found} for frames of {list(x.shape)}"
                raise ValueError(f"{message}: it must keep their width and length")
        block.train(mode)


def _takes_lengths(block: nn.Module) -> bool:
    """Return whether lengths are an argument of the block.

    Raises:
        ValueError: it wants anything else beside frames, or gives none first.
    """
    cls: type = type(block)
    declared = declaration_of(cls)
    inputs = {n: k for n, k in declared.ports.inputs.items() if n not in declared.optional}
    tensors = [kind for kind in inputs.values() if not isinstance(kind, Lengths)]
    first = next(iter(declared.ports.returned.values()))
    if len(tensors) != 1 or not isinstance(tensors[0], Frames) or not isinstance(first, Frames):
        message = f"`block` must take frames and give frames; {declared.id} does not"
        raise ValueError(message)
    return len(inputs) > 1


def _anew(block: nn.Module) -> nn.Module:
    """Return a copy with random weights of its own."""
    copy = deepcopy(block)
    for module in copy.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
    return copy
