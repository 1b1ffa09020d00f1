"""The loss of a command recogniser: how unlikely the spoken commands are."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from phonograph.types.kinds import Lengths, Logits, Loss, Rejected, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.command_loss", version=1)
class CommandLoss(nn.Module):
    """Cross entropy with the only token of each utterance, averaged over the batch.

    A transcript that is not exactly one token is reported in `rejected` and counts neither in the
    mean nor in the gradient; when all are rejected, the loss is 0. It is computed in float32,
    whatever the precision of the input.

    Args:
        vocab: number of commands, at least 1; solved from the tokenizer when left out.

    >>> import torch
    >>> loss = CommandLoss(vocab=2)
    >>> targets, lengths = torch.tensor([[1, 0], [0, 1]]), torch.tensor([1, 2])
    >>> loss(torch.zeros(2, 2), targets, lengths)
    (tensor(0.6931), tensor([False,  True]))
    """

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.vocab = vocab

    @ports(
        logits=Logits("B vocab"),
        targets=Tokens("B L"),
        target_lengths=Lengths("B", of="L"),
        out={"loss": Loss(""), "rejected": Rejected("B")},
    )
    def forward(
        self, logits: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the loss, a float32 scalar, and which utterances it left out, bool [B]."""
        rejected_b = target_lengths != 1
        first_b = targets[:, 0].masked_fill(rejected_b, 0)
        cost_b = functional.cross_entropy(logits.float(), first_b, reduction="none")
        accepted = (~rejected_b).sum().clamp(min=1)
        return cost_b.masked_fill(rejected_b, 0).sum() / accepted, rejected_b
