"""A transducer's joint network: scores for every pair of a frame and a prefix."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.joint_hidden import Activation, JointHidden
from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Encoded, Logits, Network
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.joint", version=1)
class Joint(nn.Module):
    """Score the vocabulary and the blank at every point of the lattice (Graves et al. 2013).

    The scores of a batch take 4 * B * T * (U + 1) * (vocab + 1) bytes in float32, and in training
    their gradient as much again: 270 MB each for 8 utterances of 200 frames and 40 tokens out of
    1,024.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        pred_in: width of the predicted prefixes, at least 1; solved likewise.
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.
        d_model: width in between, at least 1.
        activation: applied to the sum of the projected frame and prefix.
        dropout: probability in [0, 1) of zeroing a value behind it.

    Raises:
        ValueError: a number is out of range.

    >>> import torch
    >>> joint = Joint(feat_in=4, pred_in=3, vocab=5, d_model=8)
    >>> joint(torch.zeros(2, 4, 7), torch.zeros(2, 3, 2)).shape
    torch.Size([2, 7, 2, 6])
    """

    def __init__(
        self,
        feat_in: int,
        pred_in: int,
        vocab: int,
        *,
        d_model: int = 320,
        activation: Activation = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, vocab=vocab)
        self.hidden = JointHidden(
            feat_in, pred_in, d_model=d_model, activation=activation, dropout=dropout
        )
        self.tokens = nn.Linear(d_model, vocab + 1)

    @ports(
        encoded=Encoded("B feat_in T"),
        predicted=Encoded("B pred_in U"),
        out={
            "logits": Logits("B T U vocab+1", blank="last"),
            "network": Network(role="joint", encoded="feat_in", predicted="pred_in"),
        },
    )
    def forward(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """Return scores [B, T, U, vocab+1] of frames [B, feat_in, T], prefixes [B, pred_in, U]."""
        return self.tokens(self.hidden(encoded, predicted))
