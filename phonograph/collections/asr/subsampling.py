"""How an encoder's frames are joined before its layers, and sometimes once more between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from phonograph.collections.asr.conv_subsampling import Conv2dSubsampling, VggSubsampling
from phonograph.collections.asr.time_subsampling import (
    Conv1dSubsampling,
    PoolingReduction,
    StackSubsampling,
)
from phonograph.modules.ranges import check_at_least

Kind = Literal[
    "conv2d", "conv1d", "dw_conv2d", "vgg", "wide_conv1d", "dw_conv1d", "stack", "stack_norm"
]

AnySubsampling = Conv2dSubsampling | VggSubsampling | Conv1dSubsampling | StackSubsampling

_HEARD = {
    "conv2d": (-1, 1),
    "dw_conv2d": (-1, 1),
    "vgg": (-2, 3),
    "conv1d": (-1, 1),
    "wide_conv1d": (-2, 2),
    "dw_conv1d": (-2, 2),
}
"""The first and last frame that output 0 of one halving hears; outputs stand at every second."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """Frames joined once more, between layers or at the end.

    Args:
        kind: `pooling` takes the greatest value of neighbouring frames, `striding` is a `conv2d`
            subsampling.
        factor: frames for one, a power of two, at least 2.
        after: layers before it, at least 1; when left out it comes last of all.

    Raises:
        ValueError: a number is out of range.
    """

    kind: Literal["pooling", "striding"] = "pooling"
    factor: int = 2
    after: int | None = None

    def __post_init__(self) -> None:
        if self.factor < 2 or self.factor & (self.factor - 1):  # one halving
            raise ValueError(f"`factor` must be a power of two such as 2 or 4, not {self.factor}")
        if self.after is not None:
            check_at_least(1, after=self.after)


@dataclass(frozen=True, slots=True)
class Subsampling:
    """How frames are joined before the layers.

    Args:
        kind: `conv2d`: convolutions over time and frequency (Gulati et al. 2020, sec. 3.2);
            `dw_conv2d`: the same, depthwise and pointwise after the first (Rekesh et al. 2023,
            arXiv 2305.05084, sec. 2.1); `vgg`: pairs of them with pooling (1910.12977, sec. 3.1);
            `conv1d`: 3 taps over time and GELU; `wide_conv1d`: 5 taps and ReLU; `dw_conv1d`: the
            same, depthwise and pointwise; `stack`: neighbouring frames side by side, projected;
            `stack_norm`: the same after a layer norm. The last two drop frames that are left over.
        channels: of the convolutions but the last one, at least 1; as wide as the layers when left
            out.
        causal: whether convolutions hear nothing after an output's own frame.
        scale: whether frames are multiplied by the square root of their width before the layers
            (Vaswani et al. 2017, sec. 3.4).
        reduction: a second place where frames are joined.
        padding: batches are padded to the next multiple of it beyond the longest utterance first.
            Only stacks notice, which then count the frames that fill up the last one of a batch,
            and norms that count padding. Some published models do; an utterance's result then
            depends on what it is batched with.

    Raises:
        ValueError: a number is out of range, or this kind cannot be causal.
    """

    kind: Kind = "conv2d"
    channels: int | None = None
    causal: bool = False
    scale: bool = False
    reduction: Reduction | None = None
    padding: int | None = None

    def __post_init__(self) -> None:
        if self.channels is not None:
            check_at_least(1, channels=self.channels)
        if self.padding is not None:
            check_at_least(1, padding=self.padding)
        if self.causal and self.kind in ("vgg", "stack", "stack_norm"):
            raise ValueError(f"`causal`: the subsampling {self.kind} always hears later frames")

    @classmethod
    def of(cls, kind: Kind | Subsampling) -> Subsampling:
        """Return all about a subsampling that may be given by its kind alone."""
        return kind if isinstance(kind, Subsampling) else cls(kind)

    @property
    def factor(self) -> int:
        """Frames for one in the reduction."""
        return self.reduction.factor if self.reduction else 1

    def shift(self, stride: int) -> int:
        """Return how T frames are rounded: they give floor((T+shift)/(stride*factor)).

        >>> Subsampling().shift(4), Subsampling(causal=True).shift(4)
        (3, 6)
        """
        if self.kind.startswith("stack"):
            shift = 0
        else:
            shift = 2 * stride - 2 if self.causal else stride - 1
        if self.reduction and self.reduction.kind == "striding":
            # floor((floor((T+shift)/stride) + 1) / 2) for every halving
            shift += stride * (self.reduction.factor - 1)
        return shift

    def heard(self, stride: int) -> tuple[int, int]:
        """Return the first and the last frame that output 0 of the subsampling hears.

        >>> Subsampling().heard(4), Subsampling("dw_conv2d", causal=True).heard(8)
        ((-3, 3), (-14, 0))
        """
        if self.kind not in _HEARD:
            return 0, stride - 1
        first, last = _HEARD[self.kind]
        if self.causal:
            first, last = first - last, 0
        halvings = max(stride - 1, 1 if self.kind == "conv1d" else 0)
        return first * halvings, last * halvings

    def build(self, feat_in: int, width: int, stride: int) -> AnySubsampling:
        """Make the subsampling of features [B, feat_in, T] to frames [B, T', width].

        Raises:
            ValueError: the stride does not suit the kind.
        """
        channels, causal = self.channels, self.causal
        sizes = (feat_in, width, stride)
        depthwise = self.kind.startswith("dw_")
        match self.kind:
            case "conv2d" | "dw_conv2d":
                return Conv2dSubsampling(*sizes, channels, causal=causal, depthwise=depthwise)
            case "vgg":
                return VggSubsampling(*sizes, channels)
            case "conv1d":
                return Conv1dSubsampling(*sizes, channels, causal=causal)
            case "wide_conv1d" | "dw_conv1d":
                return Conv1dSubsampling(
                    *sizes, channels, kernel=5, causal=causal, depthwise=depthwise
                )
            case "stack" | "stack_norm":
                filled = self.padding is not None
                return StackSubsampling(*sizes, norm=self.kind == "stack_norm", filled=filled)

    def reduced_after(self, layers: int) -> int:
        """Return how many layers stand before the reduction; one more when it is last, 0 for none.

        >>> Subsampling(reduction=Reduction()).reduced_after(16), Subsampling().reduced_after(16)
        (17, 0)
        """
        if self.reduction is None:
            return 0
        return layers + 1 if self.reduction.after is None else self.reduction.after

    def build_reduction(self, width: int) -> PoolingReduction | AnySubsampling | nn.Identity:
        """Make the reduction of frames [B, width, T] to frames [B, T', width]."""
        if self.reduction is None:
            return nn.Identity()
        if self.reduction.kind == "pooling":
            return PoolingReduction(self.reduction.factor, cut=self.padding is not None)
        return Subsampling().build(width, width, self.reduction.factor)
