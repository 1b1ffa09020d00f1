"""The CTC loss: how unlikely the transcripts are, over all their alignments."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.ctc_likelihood import ctc_nll, frames_needed
from phonograph.types.kinds import Lengths, LogProbs, Loss, Rejected, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.ctc_loss", version=1)
class CtcLoss(nn.Module):
    """Connectionist temporal classification (Graves et al. 2006, sec. 4).

    Each utterance costs its negative log-likelihood divided by its number of tokens (at least 1);
    the loss is the mean cost. It is computed in float32, whatever the precision of the input.

    A transcript needs one frame per token and one more between two equal neighbours. An utterance
    with fewer frames cannot be aligned: it is reported in `rejected` and counts neither in the
    mean nor in the gradient. When all are rejected the loss is 0 with a gradient of 0. A loss that
    is infinite or NaN for any other reason stays so.

    Args:
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.

    Raises:
        ValueError: a token is not in 0 to vocab - 1.

    >>> import torch
    >>> half, one = torch.full((2, 2, 2), 0.5).log(), torch.tensor([1, 1])
    >>> CtcLoss(vocab=1)(half, 2 * one, torch.tensor([[0, 0], [0, 0]]), torch.tensor([1, 2]))
    (tensor(0.2877), tensor([False,  True]))
    """

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.blank = vocab

    @ports(
        log_probs=LogProbs("B T vocab+1", blank="last"),
        lengths=Lengths("B", of="T"),
        targets=Tokens("B L"),
        target_lengths=Lengths("B", of="L"),
        out={"loss": Loss(""), "rejected": Rejected("B")},
    )
    def forward(
        self, log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the loss, a float32 scalar, and which utterances it left out, bool [B]."""
        rejected_b = lengths < frames_needed(targets, target_lengths)
        # An empty target always fits, so a rejected utterance has a finite value to leave out.
        used_b = target_lengths.masked_fill(rejected_b, 0)
        nll_b = ctc_nll(log_probs.float(), lengths, targets, used_b, self.blank)
        cost_b = (nll_b / used_b.clamp(min=1)).masked_fill(rejected_b, 0)
        accepted = (~rejected_b).sum().clamp(min=1)
        return cost_b.sum() / accepted, rejected_b
