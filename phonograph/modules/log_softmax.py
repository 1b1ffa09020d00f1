"""Scores that are not normalised become logarithms of probabilities."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Logits, LogProbs
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("adapt.log_softmax", version=1)
class LogSoftmax(nn.Module):
    """Normalise the scores of every frame over the vocabulary and the blank, for CTC.

    The log-probabilities are float32 whatever the precision of the scores.

    Args:
        vocab: number of tokens without the blank, at least 1; solved from the wire when left out.
            The blank is the last entry, number `vocab`.

    Raises:
        ValueError: `vocab` is below 1.

    >>> import torch
    >>> LogSoftmax(3)(torch.zeros(1, 1, 4)).exp()
    tensor([[[0.2500, 0.2500, 0.2500, 0.2500]]])
    """

    def __init__(self, vocab: int) -> None:
        super().__init__()
        check_at_least(1, vocab=vocab)

    @ports(
        logits=Logits("B T vocab+1", blank="last"),
        out={"log_probs": LogProbs("B T vocab+1", blank="last")},
    )
    def forward(self, logits: Tensor) -> Tensor:
        """Return log-probabilities [B, T, vocab + 1] of scores [B, T, vocab + 1]."""
        # float32: log-softmax loses digits in bf16.
        return logits.float().log_softmax(2)
