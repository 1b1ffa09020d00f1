"""The output layer of a command recogniser: one score for every command, for a whole utterance."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.masks import zero_padding
from phonograph.types.kinds import Encoded, Lengths, Logits
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.command_head", version=1)
class CommandHead(nn.Module):
    """Score every command by the mean of the valid frames (Majumdar and Ginsburg 2020, 2004.08531).

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        vocab: number of commands, at least 1; solved from the tokenizer when left out.

    >>> import torch
    >>> CommandHead(feat_in=4, vocab=3)(torch.zeros(2, 4, 7), torch.tensor([7, 5])).shape
    torch.Size([2, 3])
    """

    def __init__(self, feat_in: int, vocab: int) -> None:
        super().__init__()
        self.linear = nn.Linear(feat_in, vocab)

    @ports(
        encoded=Encoded("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"logits": Logits("B vocab")},
    )
    def forward(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Return unnormalised scores [B, vocab] of encoded frames [B, feat_in, T]."""
        total_bd = zero_padding(encoded, lengths).sum(dim=2)
        return self.linear(total_bd / lengths.clamp(min=1).unsqueeze(1).to(total_bd.dtype))
