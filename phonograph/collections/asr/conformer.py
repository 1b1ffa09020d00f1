"""The Conformer encoder: subsampling, then layers of attention and convolution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.collections.asr.conformer_stream import (
    ConformerState,
    StreamPlan,
    frames_ahead,
    why_not_streaming,
)
from phonograph.collections.asr.subsampling import Kind, Subsampling
from phonograph.modules.attention import Sight
from phonograph.modules.block_stream import BlockStream, StreamState
from phonograph.modules.conformer_block import BlockSettings, ConformerBlock
from phonograph.modules.context import Context
from phonograph.modules.dropout import Dropout
from phonograph.modules.halving import Span
from phonograph.modules.masks import valid_mask
from phonograph.modules.moment import Moment
from phonograph.modules.positions import sinusoids
from phonograph.modules.ranges import check_at_least
from phonograph.modules.windows import Windows
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_PAPER = BlockSettings()
_WHOLE = Context()


@register("asr.conformer", version=1)
class Conformer(BlockStream):
    """Encode features with attention and convolution (Gulati et al. 2020, arXiv 2005.08100).

    With a depthwise subsampling by 8 it is a FastConformer (Rekesh et al. 2023, 2305.05084).

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        d_model: width of the layers, a multiple of the heads; 144, 256 and 512 are the paper's
            small, medium and large.
        layers: number of layers, at least 1; 16, 16 and 17 in the paper.
        stride: frames of the features for one of the layers: a power of two, or any number when
            frames are stacked.
        subsampling: how frames are joined before the layers; a kind, or all about it.
        block: what the layers are like.
        context: what a frame may see; the whole utterance when left out.
        feat_out: width of the result, at least 1; that of the layers when left out.

    Raises:
        ValueError: a number is out of range, or some do not fit together.

    >>> encoder = Conformer(80, d_model=16, layers=2, stride=4)
    >>> encoded, lengths = encoder(torch.zeros(1, 80, 50), torch.tensor([50]))
    >>> encoded.shape, lengths
    (torch.Size([1, 16, 13]), tensor([13]))

    With a limited context it can hear an utterance bit by bit:

    >>> encoder = Conformer(8, d_model=8, layers=1, context=Context(4, 1)).eval()
    >>> features = torch.randn(1, 8, 40)
    >>> with torch.no_grad():
    ...     state = encoder.start(1)
    ...     first, state = encoder.step(features[:, :, :9], state)
    ...     second, state = encoder.step(features[:, :, 9:], state)
    ...     heard = torch.cat([first, second, encoder.finish(state)], 2)
    ...     whole, _ = encoder(features, torch.tensor([40]))
    >>> torch.allclose(heard, whole, atol=1e-5)
    True
    """

    bias_u: Tensor
    bias_v: Tensor

    def __init__(
        self,
        feat_in: int,
        *,
        d_model: int = 144,
        layers: int = 16,
        stride: int = 4,
        subsampling: Kind | Subsampling = "conv2d",
        block: BlockSettings = _PAPER,
        context: Context = _WHOLE,
        feat_out: int | None = None,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers)
        check_at_least(1, feat_out=d_model if feat_out is None else feat_out)
        front = Subsampling.of(subsampling)
        if why := _misfit(d_model, layers, front, block, context):
            raise ValueError(why)
        self.settings, self.context, self.scale = block, context, front.scale
        width = feat_out or d_model
        self.subsampling = front.build(feat_in, d_model, stride)
        self.padding = front.padding
        dropouts = block.dropouts
        self.dropout = Dropout(dropouts.rate if dropouts.before is None else dropouts.before)
        self.position_dropout = Dropout(dropouts.positions)
        self.layers = nn.ModuleList(ConformerBlock(d_model, block, context) for _ in range(layers))
        if block.positions == "relative_shared":
            for name in ("bias_u", "bias_v"):
                zeros = torch.zeros(block.heads, d_model // block.heads)
                self.register_parameter(name, nn.Parameter(zeros))
        self.feat_in, self.width, self.shift = feat_in, width, front.shift(stride)
        self.stride, self.block = stride, stride * context.chunk
        self.no_stream = why_not_streaming(front, block, context)
        self._plan = partial(StreamPlan.of, front, stride, context)
        self.skipped = self._plan().skipped
        self.out = nn.Linear(d_model, width) if width != d_model else nn.Identity()
        self.reduced_after = front.reduced_after(layers)
        self.reduction = front.build_reduction(width if self.reduced_after > layers else d_model)

    @staticmethod
    def derived(
        d_model: int, stride: int, subsampling: Kind | Subsampling, feat_out: int | None
    ) -> Mapping[str, int]:
        """Return the width of the result, frames for one of it, and how they are rounded.

        >>> Conformer.derived(256, 8, "dw_conv2d", None)
        {'width': 256, 'total_stride': 8, 'shift': 7}
        """
        front = Subsampling.of(subsampling)
        return {
            "width": feat_out or d_model,
            "total_stride": stride * front.factor,
            "shift": front.shift(stride),
        }

    @staticmethod
    def look_ahead(
        layers: int,
        stride: int,
        subsampling: Kind | Subsampling,
        block: BlockSettings,
        context: Context,
    ) -> float:
        """Return how many frames of the features after its own a frame of the result depends on.

        >>> Conformer.look_ahead(2, 4, "conv2d", BlockSettings(kernel=5), Context(8, 1))
        27.0
        """
        front = Subsampling.of(subsampling)
        return frames_ahead(layers, stride, front, block, context)

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B width floor((T+shift)/total_stride)"),
            "lengths": Lengths("B", of="floor((T+shift)/total_stride)"),
        },
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode padded features.

        Args:
            features: [B, feat_in, T] features.
            lengths: [B] valid frames.

        Returns:
            [B, feat_out, floor((T+shift)/total_stride)] encoded frames, zero in the padding, and
            [B] how many are valid.
        """
        if self.padding is not None:
            features = functional.pad(
                features, (0, self.padding - features.shape[2] % self.padding)
            )
        x_btd, lengths = self.subsampling(features, lengths)
        x_btd = self.entered(x_btd, torch.arange(x_btd.shape[1], device=x_btd.device))
        mask, sight = self._surroundings(x_btd, lengths)
        for number, layer in enumerate(self.layers, start=1):
            x_btd = self._layer(number, layer, x_btd, mask, sight)
            if number == self.reduced_after:
                x_btd, lengths = self.reduction(x_btd.transpose(1, 2), lengths)
                mask, sight = self._surroundings(x_btd, lengths)
        x_btd = self.out(x_btd)
        if self.reduced_after > len(self.layers):
            x_btd, lengths = self.reduction(x_btd.transpose(1, 2), lengths)
            mask = valid_mask(lengths, x_btd.shape[1])
        return x_btd.transpose(1, 2).masked_fill(~mask.unsqueeze(1), 0.0), lengths

    def late(self, late: int = 0) -> int:
        """Return how many frames before the first valid one come out of a stream."""
        return self._plan(late).late + sum(layer.delay for layer in self.blocks)

    def blocks_after_end(self, late: int = 0) -> int:
        """Return how many blocks after an utterance's end its last frame may come out."""
        behind = self.late(late)

        def after(features: int) -> int:
            frames = (features + self.shift) // self.stride
            return -(-(frames + behind) // self.context.chunk) - -(-(features + late) // self.block)

        return max(0, *map(after, range(1, self.block + 1)))

    def begun(self, batch: int, late: int) -> tuple[Tensor, ConformerState]:
        """Return the features and the state that a stream begins with."""
        plan = self._plan(late)
        like = next(self.parameters())
        rest, heard = (like.new_zeros(batch, self.feat_in, n) for n in (plan.lead, plan.before))
        position = torch.full((batch,), -plan.late, device=like.device)
        layers = tuple(layer.start(batch) for layer in self.blocks)
        return rest, ConformerState(heard, position, layers)

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, ConformerState]:
        """Encode the next blocks of a stream."""
        kept: ConformerState = state.kept
        heard = torch.cat([kept.heard, x], 2)
        start = self.stride * (kept.position - self.skipped)  # of what is heard
        span = Span((state.end - start).clamp(min=0), (-start).clamp(min=0))
        x_btd, _ = self.subsampling(heard, span)
        size = x.shape[2] // self.stride
        x_btd = x_btd[:, self.skipped : self.skipped + size]
        frames = (state.end + self.shift) // self.stride
        moment = Moment(kept.position, frames)
        x_btd = self.entered(x_btd, moment.positions(size))
        older = kept.layers[0].attention.key.shape[1]
        sight = self.sight(x_btd, moment.first, size, older + size, older - self.context.waiting)
        layers = []
        for layer, before in zip(self.blocks, kept.layers, strict=True):
            x_btd, after = layer.step(x_btd, moment, before, sight.codes, sight.biases)
            moment = moment.earlier(layer.delay)
            layers.append(after)
        encoded = moment.silenced(self.out(x_btd).transpose(1, 2))
        heard = heard[:, :, heard.shape[2] - kept.heard.shape[2] :]
        kept = ConformerState(heard, kept.position + size, tuple(layers))
        return encoded, *moment.within(size), kept

    def nothing(self, x: Tensor) -> Tensor:
        """Return no frames."""
        return x.new_zeros(len(x), self.width, 0)

    @property
    def blocks(self) -> list[ConformerBlock]:
        """The layers."""
        return cast("list[ConformerBlock]", list(self.layers))

    def entered(self, x_btd: Tensor, positions: Tensor) -> Tensor:
        """Return subsampled frames as the first layer takes them.

        Args:
            x_btd: [B, T, d_model] frames.
            positions: [T] or [B, T] where they stand.
        """
        if self.scale:
            x_btd = x_btd * math.sqrt(x_btd.shape[2])
        if self.settings.positions == "absolute":
            codes = sinusoids(positions, x_btd.shape[2]).to(x_btd.dtype)
            x_btd = x_btd + self.position_dropout(codes)
        return self.dropout(x_btd)

    def sight(self, x_btd: Tensor, mask: Tensor, queries: int, keys: int, before: int) -> Sight:
        """Return what attention may see, given the mask.

        Args:
            x_btd: [B, T, d_model] frames that give dtype and device.
            mask: True where a key may be seen.
            queries: number of queries.
            keys: number of keys.
            before: how many of them stand before the first query.
        """
        codes: Tensor | None = None
        biases: tuple[Tensor, Tensor] | None = None
        if self.settings.relative:
            codes = self.position_dropout(self.context.codes(queries, keys, before, x_btd))
        if self.settings.positions == "relative_shared":
            biases = self.bias_u, self.bias_v
        return Sight(mask, codes, biases)

    def _surroundings(self, x_btd: Tensor, lengths: Tensor) -> tuple[Tensor, Sight]:
        """Return which frames are valid, and what they may see of each other."""
        size, context = x_btd.shape[1], self.context
        mask = valid_mask(lengths, size)
        windows = self._windows()
        if windows is not None:
            frames = torch.arange(windows.span, device=x_btd.device)
            queries = frames[windows.before : windows.before + windows.size]
            seen = windows.around(mask).unsqueeze(1) & context.seen(queries, frames)
            sight = self.sight(x_btd, seen, windows.size, windows.span, windows.before)
            return mask, sight._replace(windows=windows)
        seen = mask
        if not context.unlimited:
            frames = torch.arange(size, device=x_btd.device)
            seen = mask.unsqueeze(1) & context.seen(frames, frames, draw=self.training)
        return mask, self.sight(x_btd, seen, size, size, 0)

    def _windows(self) -> Windows | None:
        # An exported program must not depend on whether there is more than one window.
        return None if torch.compiler.is_exporting() else self.context.windows()

    def _layer(
        self, number: int, layer: nn.Module, x_btd: Tensor, mask: Tensor, sight: Sight
    ) -> Tensor:
        chance = self.settings.dropouts.layers * (number - 1) / max(1, len(self.layers) - 1)
        deeper: Tensor = layer(x_btd, mask, sight)
        if not self.training or not chance:
            return deeper
        # Multiplied, not left out, so that every weight has a gradient on every processor.
        kept = (torch.rand((), device=x_btd.device) >= chance) / (1 - chance)
        return x_btd + kept * (deeper - x_btd)


def _misfit(
    d_model: int, layers: int, front: Subsampling, block: BlockSettings, context: Context
) -> str | None:
    if d_model % block.heads:
        return f"`block.heads`: {block.heads} heads do not divide `d_model` {d_model}"
    if d_model % 2 and block.positions != "none":
        return f"`d_model` must be even for {block.positions} positions, not {d_model}"
    if context.conv_right is not None and not 0 <= context.conv_right < block.kernel:
        most = block.kernel - 1
        return f"`context.conv_right` must be 0 to {most}, the kernel less one"
    if front.reduction and (front.reduction.after or 0) > layers:
        after = front.reduction.after
        return f"`subsampling.reduction.after` must be at most {layers}, the layers, not {after}"
    return None
