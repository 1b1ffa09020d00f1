"""The joint network of a token-and-duration transducer: scores for tokens and for durations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from phonograph.modules.joint_hidden import Activation, JointHidden
from phonograph.modules.ranges import check_at_least, check_at_most
from phonograph.types.kinds import Durations, Encoded, Logits, Network
from phonograph.types.ports import ports
from phonograph.types.registry import register

_LONGEST = 1000
"""Frames that a token may last at most."""


@register("asr.tdt_joint", version=1)
class TdtJoint(nn.Module):
    """Score what is said and how long it lasts (Xu et al. 2023, arXiv 2304.06795).

    What the scores cost in memory is said of `asr.joint`.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        pred_in: width of the predicted prefixes, at least 1; solved likewise.
        vocab: number of tokens without the blank, at least 1; solved from the tokenizer when left
            out. The blank is the last entry, number `vocab`.
        d_model: width in between, at least 1.
        durations: frames that a token or blank may last, different, 0 to 1000, one above 0.
        activation: applied to the sum of the projected frame and prefix.
        dropout: probability in [0, 1) of zeroing a value behind it.

    Raises:
        ValueError: a number is out of range, or the durations are not such.

    >>> joint = TdtJoint(feat_in=4, pred_in=3, vocab=5, d_model=8, durations=(0, 1, 2))
    >>> logits, durations, jumps = joint(torch.zeros(2, 4, 7), torch.zeros(2, 3, 2))
    >>> logits.shape, durations.shape, jumps
    (torch.Size([2, 7, 2, 6]), torch.Size([2, 7, 2, 3]), tensor([0, 1, 2]))
    """

    def __init__(
        self,
        feat_in: int,
        pred_in: int,
        vocab: int,
        *,
        d_model: int = 640,
        durations: Sequence[int] = (0, 1, 2, 3, 4),
        activation: Activation = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, vocab=vocab)
        _check_durations(durations)
        self.hidden = JointHidden(
            feat_in, pred_in, d_model=d_model, activation=activation, dropout=dropout
        )
        self.tokens = nn.Linear(d_model, vocab + 1)
        self.durations = nn.Linear(d_model, len(durations))
        self.jumps: Tensor
        self.register_buffer("jumps", torch.tensor(durations), persistent=False)

    @staticmethod
    def derived(durations: Sequence[int]) -> dict[str, int]:
        """Return how many durations there are."""
        return {"choices": len(durations)}

    @ports(
        encoded=Encoded("B feat_in T"),
        predicted=Encoded("B pred_in U"),
        out={
            "logits": Logits("B T U vocab+1", blank="last"),
            "durations": Logits("B T U choices", vocab=""),
            "jumps": Durations("choices"),
            "network": Network(role="tdt_joint", encoded="feat_in", predicted="pred_in"),
        },
    )
    def forward(self, encoded: Tensor, predicted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Score every pair of a frame and a prefix.

        Args:
            encoded: [B, feat_in, T] frames.
            predicted: [B, pred_in, U] prefixes.

        Returns:
            scores of tokens and blank [B, T, U, vocab+1], of durations [B, T, U, choices], and how
            many frames each of these lasts [choices].
        """
        hidden_btud = self.hidden(encoded, predicted)
        return self.tokens(hidden_btud), self.durations(hidden_btud), self.jumps


def _check_durations(durations: Sequence[int]) -> None:
    check_at_least(0, **{f"durations[{place}]": value for place, value in enumerate(durations)})
    check_at_most(_LONGEST, **{f"durations[{n}]": value for n, value in enumerate(durations)})
    if len(set(durations)) < len(durations) or not any(durations):
        message = f"`durations` must be different, and one above 0, not {list(durations)}"
        raise ValueError(message)
