"""The Conformer encoder: subsampling, then layers of attention and convolution."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from phonograph.collections.asr.subsampling import Kind, Subsampling
from phonograph.collections.asr.time_subsampling import PoolingReduction
from phonograph.modules.attention import Sight
from phonograph.modules.conformer_block import BlockSettings, ConformerBlock
from phonograph.modules.context import Context
from phonograph.modules.linear import Linear
from phonograph.modules.masks import valid_mask
from phonograph.modules.positions import sinusoids
from phonograph.modules.ranges import check_at_least
from phonograph.modules.windows import Windows
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_PAPER = BlockSettings()
_WHOLE = Context()


@register("asr.conformer", version=1)
class Conformer(nn.Module):
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
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers, feat_out=feat_out or 1)
        front = _all_about(subsampling)
        if why := _misfit(d_model, layers, front, block, context):
            raise ValueError(why)
        self.settings, self.context, self.scale = block, context, front.scale
        width = feat_out or d_model
        self.subsampling = front.build(feat_in, d_model, stride)
        dropouts = block.dropouts
        self.dropout = nn.Dropout(dropouts.rate if dropouts.before is None else dropouts.before)
        self.position_dropout = nn.Dropout(dropouts.positions)
        self.layers = nn.ModuleList(ConformerBlock(d_model, block, context) for _ in range(layers))
        if block.positions == "relative_shared":
            for name in ("bias_u", "bias_v"):
                zeros = torch.zeros(block.heads, d_model // block.heads)
                self.register_parameter(name, nn.Parameter(zeros))
        self.out = Linear(d_model, width) if width != d_model else nn.Identity()
        self.reduction, self.reduced_after = _reduction(front, d_model, width, layers)

    @staticmethod
    def derived(
        d_model: int, stride: int, subsampling: Kind | Subsampling, feat_out: int | None
    ) -> Mapping[str, int]:
        """Return the width of the result, frames for one of it, and how they are rounded.

        >>> Conformer.derived(256, 8, "dw_conv2d", None)
        {'width': 256, 'total_stride': 8, 'shift': 7}
        """
        front = _all_about(subsampling)
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
        front = _all_about(subsampling)
        if context.right is None or block.whole:
            return math.inf
        right = block.kernel // 2 if context.conv_right is None else context.conv_right
        after = _place(front, layers)

        def last_heard(frame: int) -> int:
            for place in range(layers + 1, 0, -1):
                if place == after:
                    frame = frame * front.factor + front.factor - 1
                if place <= layers:
                    frame = context.last_seen(frame + right)
            return frame * stride + front.heard(stride)[1]

        frames = range(context.chunk)
        return float(max(last_heard(t) - t * stride * front.factor for t in frames))

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


def _all_about(subsampling: Kind | Subsampling) -> Subsampling:
    return subsampling if isinstance(subsampling, Subsampling) else Subsampling(subsampling)


def _place(front: Subsampling, layers: int) -> int:
    """Return how many layers stand before the reduction, one more when it is last, 0 for none."""
    if front.reduction is None:
        return 0
    return layers + 1 if front.reduction.after is None else front.reduction.after


def _reduction(front: Subsampling, d_model: int, width: int, layers: int) -> tuple[nn.Module, int]:
    place, reduction = _place(front, layers), front.reduction
    if reduction is None:
        return nn.Identity(), place
    if reduction.kind == "pooling":
        return PoolingReduction(reduction.factor), place
    size = width if place > layers else d_model
    return Subsampling().build(size, size, reduction.factor), place


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
