"""The loss of an attention decoder: how badly it foresees each next token."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.masks import valid_mask
from phonograph.types.kinds import Lengths, Logits, Loss, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.attention_loss", version=1)
class AttentionLoss(nn.Module):
    """Cross-entropy of the tokens and of the end that follows them, with smoothed labels.

    Each utterance costs the mean over its tokens and its end; the loss is the mean cost. It is
    computed in float32, whatever the precision of the input. Label smoothing gives every entry an
    equal part of the probability (Szegedy et al. 2015, 1512.00567, sec. 7).

    Args:
        vocab: number of tokens, at least 1; solved from the tokenizer when left out. The end is the
            last entry, number `vocab`.
        smoothing: probability in [0, 1) that is taken from the true token and shared out.

    Raises:
        ValueError: `smoothing` is out of range.

    >>> import torch
    >>> loss = AttentionLoss(vocab=3)
    >>> loss(torch.zeros(1, 3, 4), torch.tensor([[0, 2]]), torch.tensor([2]))
    tensor(1.3863)
    """

    def __init__(self, vocab: int, *, smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ValueError(f"`smoothing` must be at least 0 and below 1, not {smoothing}")
        self.end = vocab
        self.smoothing = smoothing

    @ports(
        logits=Logits("B U+1 vocab+1"),
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={"loss": Loss("")},
    )
    def forward(self, logits: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Return the loss, a float32 scalar."""
        written = valid_mask(target_lengths, targets.shape[1])
        wanted = functional.pad(targets.masked_fill(~written, self.end), (0, 1), value=self.end)
        cost_bu = functional.cross_entropy(
            logits.float().transpose(1, 2),
            wanted,
            reduction="none",
            label_smoothing=self.smoothing,
        )
        counts = valid_mask(target_lengths + 1, wanted.shape[1])
        return (cost_bu.masked_fill(~counts, 0.0).sum(1) / (target_lengths + 1)).mean()
