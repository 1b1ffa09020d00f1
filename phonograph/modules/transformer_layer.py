"""One layer of a transformer encoder: attention, then two linear layers."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from phonograph.modules.attention import SelfAttention
from phonograph.modules.dropout import Dropout
from phonograph.modules.ranges import check_above_zero, check_at_least, check_dropout
from phonograph.modules.waveform_convs import ACTIVATIONS, Activation


@dataclass(frozen=True, slots=True)
class TransformerSettings:
    """What the layers of a transformer are like; by default as in the paper's base model.

    Args:
        heads: attention heads, at least 1; they divide the width.
        middle: width between the two linear layers, at least 1.
        norm_first: whether each part is normalised before it, rather than its sum after it.
        activation: between the two linear layers.
        norm_epsilon: added to variances in norms, above 0.
        dropout: probability in [0, 1) of dropping a value of what a part adds, in training.
        attention_dropout: the same for an attention weight.
        middle_dropout: the same for a value between the two linear layers.

    Raises:
        ValueError: a number is out of range.
    """

    heads: int = 12
    middle: int = 3072
    norm_first: bool = False
    activation: Activation = "gelu"
    norm_epsilon: float = 1e-5
    dropout: float = 0.1
    attention_dropout: float = 0.1
    middle_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_at_least(1, heads=self.heads, middle=self.middle)
        check_above_zero(norm_epsilon=self.norm_epsilon)
        for dropout in (self.dropout, self.attention_dropout, self.middle_dropout):
            check_dropout(dropout)


class TransformerLayer(nn.Module):
    """Attention and two linear layers, each added to its input (Vaswani et al. 2017, sec. 3.1).

    Args:
        width: channels in and out, a multiple of `settings.heads`.
        settings: the rest.

    Raises:
        ValueError: the width does not fit the heads.

    >>> import torch
    >>> layer = TransformerLayer(8, TransformerSettings(heads=2, middle=16))
    >>> layer(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, width: int, settings: TransformerSettings) -> None:
        super().__init__()
        self.norm_first = settings.norm_first
        self.activation = ACTIVATIONS[settings.activation]
        self.attention = SelfAttention(width, settings.heads, dropout=settings.attention_dropout)
        self.attention_norm = nn.LayerNorm(width, eps=settings.norm_epsilon)
        self.linear1 = nn.Linear(width, settings.middle)
        self.middle_dropout = Dropout(settings.middle_dropout)
        self.linear2 = nn.Linear(settings.middle, width)
        self.linear_norm = nn.LayerNorm(width, eps=settings.norm_epsilon)
        self.dropout = Dropout(settings.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode one layer deeper.

        Args:
            x: [B, T, D] frames.
            mask: [B, T], True where a step is valid.

        Returns:
            [B, T, D]; what stands in the padding has no meaning.
        """
        if self.norm_first:
            x = x + self.dropout(self.attention(self.attention_norm(x), mask))
            return x + self.dropout(self._linears(self.linear_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        return self.linear_norm(x + self.dropout(self._linears(x)))

    def _linears(self, x: Tensor) -> Tensor:
        return self.linear2(self.middle_dropout(self.activation(self.linear1(x))))
