"""Fully connected layers with a clipped ReLU, frame by frame: most of Deep Speech."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.clipped_relu import ClippedRelu
from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_above_zero, check_at_least, check_dropout
from phonograph.modules.reach import Reach
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.dense", version=1)
class Dense(SlidingStream):
    """Map every frame through fully connected layers with clipped ReLU and dropout.

    Deep Speech (Hannun et al. 2014, 1412.5567, sec. 2): the first layer of all hears `context`
    frames on either side, the others only their own. Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        d_model: width of every layer, at least 1.
        layers: how many, at least 1.
        context: frames that the first layer hears on either side, at least 0; 5, 7 or 9 in the
            paper.
        bound: largest output, above 0.
        dropout: probability in [0, 1) of zeroing an output while training.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> layers = Dense(80, d_model=16, context=5)
    >>> layers(torch.zeros(2, 80, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 16, 9])
    """

    def __init__(
        self,
        feat_in: int,
        *,
        d_model: int = 2048,
        layers: int = 3,
        context: int = 0,
        bound: float = 20.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(width=d_model, ahead=context)
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers)
        check_at_least(0, context=context)
        check_above_zero(bound=bound)
        check_dropout(dropout)
        self.feat_in, self.reach = feat_in, Reach(context, context)
        # A convolution is the layer on stacked frames, without the stack.
        first = nn.Conv1d(feat_in, d_model, 2 * context + 1, padding=context)
        others = (nn.Conv1d(d_model, d_model, 1) for _ in range(layers - 1))
        self.layers = nn.ModuleList([first, *others])
        self.activation = ClippedRelu(bound)
        self.dropout = Dropout(dropout)

    @staticmethod
    def look_ahead(context: int) -> float:
        """Return the frames that an output hears after its own."""
        return context

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B d_model T")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Map the frames.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, T].
        """
        x = zero_padding(features, lengths)
        for layer in self.layers:
            x = self.dropout(self.activation(layer(x)))
        return zero_padding(x, lengths)

    def begun(self, batch: int, late: int) -> tuple[Tensor, Tensor]:  # noqa: ARG002 (nothing waits)
        """Return no frames, and those before the first that are heard."""
        heard = next(self.parameters()).new_zeros(batch, self.feat_in, self.reach.again)
        return heard[:, :, :0], heard

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map the next frames of a stream."""
        moment = Moment(state.first, state.end)
        x, kept, moment = self.reach.heard(moment.silenced(x), state.kept, moment)
        first, *others = cast("list[nn.Conv1d]", list(self.layers))
        x = self.activation(functional.conv1d(x, first.weight, first.bias))
        for layer in others:
            x = self.activation(layer(x))
        return moment.silenced(x), *moment.within(x.shape[2]), kept
