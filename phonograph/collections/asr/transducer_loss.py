"""The transducer loss: how unlikely the transcripts are, over all their alignments."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.token_scores import token_scores
from phonograph.modules.transducer_likelihood import transducer_nll
from phonograph.types.kinds import Lengths, Logits, Loss, Rejected, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.transducer_loss", version=1)
class TransducerLoss(nn.Module):
    """The recurrent neural network transducer (Graves 2012, arXiv 1211.3711, sec. 2.5).

    Each utterance costs its negative log-likelihood divided by its number of tokens (at least 1),
    as with `asr.ctc_loss`; the loss is the mean cost. It is computed in float32, whatever the
    precision of the input.

    Any transcript fits an utterance of at least one frame. One without frames is reported in
    `rejected` and counts neither in the mean nor in the gradient. When all are rejected the loss is
    0 with a gradient of 0. A loss that is infinite or NaN for any other reason stays so.

    Args:
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.

    Raises:
        ValueError: a token is not in 0 to vocab - 1.

    >>> import torch
    >>> even, tokens = torch.zeros(2, 2, 2, 2), torch.tensor([[0], [0]])
    >>> TransducerLoss(vocab=1)(even, torch.tensor([2, 0]), tokens, torch.tensor([1, 1]))
    (tensor(1.3863), tensor([False,  True]))
    """

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.blank = vocab

    @ports(
        logits=Logits("B T U+1 vocab+1", blank="last"),
        lengths=Lengths("B", of="T"),
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={"loss": Loss(""), "rejected": Rejected("B")},
    )
    def forward(
        self, logits: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the loss, a float32 scalar, and which utterances it left out, bool [B]."""
        rejected_b = lengths < 1
        blank_btu, token_btu = token_scores(logits, targets, target_lengths, self.blank)
        nll_b = transducer_nll(blank_btu, token_btu, lengths.clamp(min=1), target_lengths)
        return mean_cost(nll_b, target_lengths, rejected_b), rejected_b


def mean_cost(nll: Tensor, target_lengths: Tensor, rejected: Tensor) -> Tensor:
    """Average over the accepted utterances what each costs per token.

    Args:
        nll: negative log-likelihoods [B].
        target_lengths: tokens of each utterance, [B].
        rejected: which do not count, bool [B].

    Returns:
        a scalar; 0 when none counts.

    >>> import torch
    >>> mean_cost(torch.tensor([6.0, 5.0]), torch.tensor([3, 0]), torch.tensor([False, False]))
    tensor(3.5000)
    """
    cost_b = (nll / target_lengths.clamp(min=1)).masked_fill(rejected, 0)
    return cost_b.sum() / (~rejected).sum().clamp(min=1)
