"""How a transducer joins what it heard with what it said: two projections, added."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.modules.dropout import Dropout
from phonograph.modules.ranges import check_at_least, check_dropout

Activation = Literal["relu", "sigmoid", "tanh"]

_ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


class JointHidden(nn.Module):
    """The hidden layer over pairs of frame and prefix (Graves et al. 2013, 1303.5778, sec. 3.2).

    The projections are separate, so that a decoder projects each frame and each prefix once.

    Args:
        feat_in: width of the encoded frames, at least 1.
        pred_in: width of the predicted prefixes, at least 1.
        d_model: width of the layer, at least 1.
        activation: applied to the sum of the projections.
        dropout: probability in [0, 1) of zeroing a value behind it.

    Raises:
        ValueError: a number is out of range.

    >>> hidden = JointHidden(4, 3, d_model=5)
    >>> hidden(torch.zeros(2, 4, 7), torch.zeros(2, 3, 2)).shape
    torch.Size([2, 7, 2, 5])
    """

    def __init__(
        self,
        feat_in: int,
        pred_in: int,
        *,
        d_model: int,
        activation: Activation = "relu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, pred_in=pred_in, d_model=d_model)
        check_dropout(dropout)
        self.encoded = nn.Linear(feat_in, d_model)
        self.predicted = nn.Linear(pred_in, d_model)
        self.activation = _ACTIVATIONS[activation]
        self.dropout = Dropout(dropout)

    def forward(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """Return [B, T, U, d_model] for frames [B, feat_in, T] and prefixes [B, pred_in, U]."""
        frames_btd = self.encoded(encoded.transpose(1, 2))
        prefixes_bud = self.predicted(predicted.transpose(1, 2))
        return self.join(frames_btd.unsqueeze(2), prefixes_bud.unsqueeze(1))

    def join(self, frames: Tensor, prefixes: Tensor) -> Tensor:
        """Return [..., d_model] for projected frames and prefixes of that shape."""
        return self.dropout(self.activation(frames + prefixes))
