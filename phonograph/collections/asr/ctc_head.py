"""The output layer of a CTC model: a score for every token and the blank, frame by frame."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.types.kinds import Encoded, LogProbs
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.ctc_head", version=1)
class CtcHead(nn.Module):
    """Score every frame over the vocabulary and the blank (Graves et al. 2006, sec. 3).

    The log-probabilities are float32 whatever the precision of the encoder.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.

    >>> import torch
    >>> CtcHead(feat_in=4, vocab=3)(torch.zeros(2, 4, 7)).shape
    torch.Size([2, 7, 4])
    """

    def __init__(self, feat_in: int, vocab: int) -> None:
        super().__init__()
        self.linear = nn.Linear(feat_in, vocab + 1)

    @ports(encoded=Encoded("B feat_in T"), out={"log_probs": LogProbs("B T vocab+1", blank="last")})
    def forward(self, encoded: Tensor) -> Tensor:
        """Return log-probabilities [B, T, vocab+1] of encoded frames [B, feat_in, T]."""
        scores_btv = self.linear(encoded.transpose(1, 2))
        # float32: log-softmax loses digits in bf16.
        return scores_btv.float().log_softmax(dim=-1)
