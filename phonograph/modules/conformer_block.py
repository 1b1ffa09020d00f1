"""One layer of a Conformer: feed-forward, attention, convolution, feed-forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from phonograph.modules.attention import AttentionState, SelfAttention, Sight
from phonograph.modules.context import Context
from phonograph.modules.conv_module import ConvModule
from phonograph.modules.dropout import Dropout
from phonograph.modules.feed_forward import FeedForward
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least, check_odd_kernel
from phonograph.modules.step_norm import StepNormKind


@dataclass(frozen=True, slots=True)
class DropoutRates:
    """How likely training drops values, by place; each in [0, 1).

    Args:
        rate: in the feed-forward parts, and what every part adds.
        before: frames before the first layer; as `rate` when left out.
        attention: attention weights; as `rate` when left out.
        positions: codes of positions.
        layers: the last layer as a whole; the first is never dropped, those between grow evenly
            (Lee and Watanabe 2021, arXiv 2102.03216).

    Raises:
        ValueError: a number is out of range.
    """

    rate: float = 0.1
    before: float | None = None
    attention: float | None = None
    positions: float = 0.0
    layers: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rate", "before", "attention", "positions", "layers"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"`{name}` must be at least 0 and below 1, not {value}")


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """What the layers of a Conformer are like.

    Args:
        heads: attention heads, at least 1; they divide the width.
        kernel: taps of the convolution over time, odd.
        expansion: how many times wider the middle of the feed-forward parts is, at least 1.
        dropout: probability in [0, 1) used everywhere in training, or one for each place.
        positions: what attention knows of positions: how far apart two steps are (`relative`, with
            biases of each layer's own; `relative_shared`, with biases that all layers share), where
            a step stands (`absolute`), or nothing (`none`).
        norm: what follows the convolution: `batch`, `layer` (over channels), `group` or `instance`
            (over the valid steps of an utterance) or `none`.
        groups: of the group norm, at least 1; they divide the width.
        padding_counts: whether group and instance norm count all steps rather than valid ones, as
            some published models do; an utterance's result then depends on what it is batched with.
        bias: whether linear layers and convolutions have one.

    Raises:
        ValueError: a number is out of range.
    """

    heads: int = 4
    kernel: int = 31
    expansion: int = 4
    dropout: float | DropoutRates = 0.1
    positions: Literal["relative", "relative_shared", "absolute", "none"] = "relative"
    norm: StepNormKind = "batch"
    groups: int = 1
    padding_counts: bool = False
    bias: bool = True

    def __post_init__(self) -> None:
        check_at_least(1, heads=self.heads, expansion=self.expansion, groups=self.groups)
        check_odd_kernel(self.kernel)
        if not isinstance(self.dropout, DropoutRates) and not 0 <= self.dropout < 1:
            raise ValueError(f"`dropout` must be at least 0 and below 1, not {self.dropout}")

    @property
    def dropouts(self) -> DropoutRates:
        """The probabilities place by place."""
        rates = self.dropout
        return rates if isinstance(rates, DropoutRates) else DropoutRates(rates)

    @property
    def relative(self) -> bool:
        """Whether attention sees how far apart two steps are."""
        return self.positions in ("relative", "relative_shared")

    @property
    def whole(self) -> bool:
        """Whether the norm hears all steps of an utterance."""
        return self.norm in ("group", "instance")


Biases = tuple[Tensor, Tensor] | None


class BlockState(NamedTuple):
    """What a layer keeps of a stream.

    Args:
        attention: keys, values and waiting queries.
        before_attention: [B, Q, D] steps whose attention is not due.
        conv: [B, kernel-1, D] what the convolution heard last.
        before_conv: [B, R, D] steps whose convolution is not due.
        held: [B, H, D] steps that wait for the rest of their chunk.
    """

    attention: AttentionState
    before_attention: Tensor
    conv: Tensor
    before_conv: Tensor
    held: Tensor


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward, each added to its input.

    Gulati et al. 2020, arXiv 2005.08100, sec. 2.4 and figure 1; norms stand before each part.

    Args:
        width: channels in and out, a multiple of `settings.heads`.
        settings: the rest.
        context: what a step may see; the whole utterance by default.

    Raises:
        ValueError: the width does not fit the heads or the groups, or the context the kernel.

    >>> block = ConformerBlock(8, BlockSettings(heads=2, kernel=3, positions="none"))
    >>> mask = torch.ones(2, 5, dtype=torch.bool)
    >>> block(torch.zeros(2, 5, 8), mask, Sight(mask)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, width: int, settings: BlockSettings, context: Context | None = None) -> None:
        super().__init__()
        self.context = context or Context()
        bias, dropouts = settings.bias, settings.dropouts
        wide: dict[str, Any] = {
            "expansion": settings.expansion,
            "bias": bias,
            "dropout": dropouts.rate,
        }
        at_weights = dropouts.rate if dropouts.attention is None else dropouts.attention
        self.feed_forward1_norm = nn.LayerNorm(width)
        self.feed_forward1 = FeedForward(width, **wide)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(
            width,
            settings.heads,
            relative=settings.relative,
            own_biases=settings.positions == "relative",
            bias=bias,
            dropout=at_weights,
        )
        self.conv_norm = nn.LayerNorm(width)
        self.conv = ConvModule(
            width,
            kernel=settings.kernel,
            right=self.context.conv_right,
            norm=settings.norm,
            groups=settings.groups,
            padding_counts=settings.padding_counts,
            bias=bias,
        )
        self.feed_forward2_norm = nn.LayerNorm(width)
        self.feed_forward2 = FeedForward(width, **wide)
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropouts.rate)

    def forward(self, x: Tensor, mask: Tensor, sight: Sight) -> Tensor:
        """Encode one layer deeper.

        Args:
            x: [B, T, D] steps.
            mask: [B, T], True where a step is valid.
            sight: what attention may see.

        Returns:
            [B, T, D]; what stands in the padding has no meaning.
        """
        x = self._first(x)
        x = x + self.dropout(self.attention(self.attention_norm(x), *sight))
        x = x + self.dropout(self.conv(self.conv_norm(x), mask))
        return self._last(x)

    @property
    def delay(self) -> int:
        """How many steps late `step` gives a step."""
        return self.context.waiting + self.conv.right + self._held

    def start(self, batch: int) -> BlockState:
        """Return the state before the first step of a stream."""
        waiting = self.context.waiting
        attention = self.attention.start(batch, kept=self.context.kept or 0, waiting=waiting)
        late = [
            self.norm.weight.new_zeros(batch, size, len(self.norm.weight))
            for size in (waiting, self.conv.right, self._held)
        ]
        return BlockState(attention, late[0], self.conv.start(batch), late[1], late[2])

    def step(
        self, x: Tensor, moment: Moment, state: BlockState, codes: Tensor | None, biases: Biases
    ) -> tuple[Tensor, BlockState]:
        """Encode the next steps of a stream one layer deeper, `delay` steps late.

        Args:
            x: [B, N, D] steps; N is a multiple of the chunk, if attention is in chunks.
            moment: where they stand.
            state: what went before.
            codes: codes of the distances between the queries that are due and all keys, with
                relative positions only.
            biases: u and v, where all layers share them.

        Returns:
            [B, N, D], and what the next step needs.
        """
        size, context = x.shape[1], self.context
        x = self._first(x)
        due = moment.earlier(context.waiting)
        seen = self._seen(moment, state.attention.key.shape[1], size)
        sight = Sight(seen, codes, biases)
        mixed, attention = self.attention.step(
            self.attention_norm(x), state.attention, sight, kept=context.kept
        )
        x, before_attention = _delayed(state.before_attention, x)
        x = x + self.dropout(mixed)
        filtered, conv = self.conv.step(self.conv_norm(x), due.mask(size), state.conv)
        x, before_conv = _delayed(state.before_conv, x)
        x, held = _delayed(state.held, x + self.dropout(filtered))
        return self._last(x), BlockState(attention, before_attention, conv, before_conv, held)

    @property
    def _held(self) -> int:
        return -self.conv.right % self.context.chunk

    def _seen(self, moment: Moment, before: int, size: int) -> Tensor:
        """Mark the keys, `before` older ones and the new, that the queries due may see."""
        new = torch.arange(size, device=moment.first.device)
        keys = torch.arange(-before, size, device=moment.first.device)
        seen = self.context.seen(new - self.context.waiting, keys)
        return moment.earlier(before).mask(before + size).unsqueeze(1) & seen

    def _first(self, x: Tensor) -> Tensor:
        added = self.dropout(self.feed_forward1(self.feed_forward1_norm(x)))
        return torch.add(x, added, alpha=0.5)

    def _last(self, x: Tensor) -> Tensor:
        added = self.dropout(self.feed_forward2(self.feed_forward2_norm(x)))
        return self.norm(torch.add(x, added, alpha=0.5))


def _delayed(waiting: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return as many steps as came, the oldest first, and those that go on waiting."""
    every = torch.cat([waiting, x], 1)
    return every[:, : x.shape[1]], every[:, x.shape[1] :]
