"""The loss of a token-and-duration transducer."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.collections.asr.transducer_loss import mean_cost
from phonograph.modules.tdt_likelihood import tdt_nll
from phonograph.modules.token_scores import token_scores
from phonograph.modules.transducer_likelihood import transducer_nll
from phonograph.types.kinds import Durations, Lengths, Logits, Loss, Rejected, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.tdt_loss", version=1)
class TdtLoss(nn.Module):
    """The token-and-duration transducer (Xu et al. 2023, arXiv 2304.06795).

    Each utterance costs its negative log-likelihood divided by its number of tokens (at least 1);
    the loss is the mean cost, computed in float32. An utterance that no path of the given jumps
    can cover is reported in `rejected` and counts neither in the mean nor in the gradient; with
    jumps of 0 and 1 that happens to utterances without frames alone. When all are rejected the
    loss is 0.

    Args:
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.
        sigma: taken off the log-probability of every token and blank, at least 0, which favours
            paths of fewer steps; 0.02 and 0.05 have been used.
        omega: share of the loss in [0, 1] that is the plain transducer's, without durations, while
            training; the paper draws one of the two with this probability, here they are mixed. In
            evaluation the loss is the one with durations.

    Raises:
        ValueError: a number is out of range, or a token is not in 0 to vocab - 1.

    >>> import torch
    >>> tokens, durations = torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 1)
    >>> two, one = torch.tensor([2]), torch.tensor([1])
    >>> TdtLoss(vocab=1)(tokens, durations, one, two, torch.tensor([[0]]), one)
    (tensor(1.3863), tensor([False]))
    """

    def __init__(self, vocab: int, *, sigma: float = 0.0, omega: float = 0.0) -> None:
        super().__init__()
        if not sigma >= 0:
            raise ValueError(f"`sigma` must be at least 0, not {sigma}")
        if not 0 <= omega <= 1:
            raise ValueError(f"`omega` must be from 0 to 1, not {omega}")
        self.blank = vocab
        self.sigma = sigma
        self.omega = omega

    @ports(
        logits=Logits("B T U+1 vocab+1", blank="last"),
        durations=Logits("B T U+1 N", vocab=""),
        jumps=Durations("N"),
        lengths=Lengths("B", of="T"),
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={"loss": Loss(""), "rejected": Rejected("B")},
    )
    def forward(
        self,
        logits: Tensor,
        durations: Tensor,
        jumps: Tensor,
        lengths: Tensor,
        targets: Tensor,
        target_lengths: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the loss and what it left out.

        Args:
            logits: scores of tokens and blank [B, T, U+1, vocab+1].
            durations: scores of durations [B, T, U+1, N].
            jumps: frames that each duration moves on, int64 [N].
            lengths: [B] valid frames.
            targets: [B, U] token numbers.
            target_lengths: [B] valid tokens.

        Returns:
            a float32 scalar, and which utterances it left out, bool [B].
        """
        blank_btu, token_btu = token_scores(logits, targets, target_lengths, self.blank)
        # float32: log-softmax loses digits in bf16.
        each_btun = durations.float().log_softmax(dim=-1)
        frames_b = lengths.clamp(min=1)
        nll_b, unfit_b = tdt_nll(
            blank_btu - self.sigma,
            token_btu - self.sigma,
            each_btun,
            jumps,
            frames_b,
            target_lengths,
        )
        rejected_b = unfit_b | (lengths < 1)
        loss = mean_cost(nll_b, target_lengths, rejected_b)
        if self.omega and self.training:
            plain_b = transducer_nll(blank_btu, token_btu, frames_b, target_lengths)
            plain = mean_cost(plain_b, target_lengths, rejected_b)
            loss = (1 - self.omega) * loss + self.omega * plain
        return loss, rejected_b
