"""Ways to normalise frames after a convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.modules.ranges import check_at_least

_EPSILON = 1e-3  # of published batch norms, larger than PyTorch's


@dataclass(frozen=True, slots=True)
class FrameNorm:
    """What follows every convolution.

    Args:
        kind: `batch` keeps statistics of every channel from training. The others take an utterance
            as it comes: mean and variance of all its frames, over all channels (`layer`), every
            channel on its own (`instance`), or `groups` of neighbouring channels (`group`).
        groups: for `group`, at least 1; divides the channels.
        padding: the others count valid frames only; with a number they count padding too, in a
            batch padded to the next multiple of it beyond the longest utterance. Some published
            models do; an utterance's result then depends on what it is batched with.

    Raises:
        ValueError: a number is below 1, or batch norm is given `padding`.
    """

    kind: Literal["batch", "layer", "instance", "group"] = "batch"
    groups: int = 1
    padding: int | None = None

    def __post_init__(self) -> None:
        check_at_least(1, groups=self.groups)
        if self.padding is not None:
            check_at_least(1, padding=self.padding)
            if self.kind == "batch":
                raise ValueError("`padding` is for norms of single utterances, not for `batch`")

    @property
    def whole(self) -> bool:
        """Whether a frame depends on all others of its utterance."""
        return self.kind != "batch"

    def padded(self, size: int) -> int:
        """Return how many frames a batch of `size` is padded to.

        >>> FrameNorm("layer", padding=16).padded(200), FrameNorm("layer").padded(200)
        (208, 200)
        """
        return size if self.padding is None else (size // self.padding + 1) * self.padding

    def build(self, width: int) -> BatchFrameNorm | GroupFrameNorm:
        """Make a norm for frames [B, width, 1, T].

        Raises:
            ValueError: the groups do not divide the width.
        """
        counts = self.padding is not None
        match self.kind:
            case "batch":
                return BatchFrameNorm(width, eps=_EPSILON)
            case "layer":
                return GroupFrameNorm(width, 1, padding_counts=counts)
            case "instance":
                return GroupFrameNorm(width, width, padding_counts=counts)
            case "group":
                return GroupFrameNorm(width, self.groups, padding_counts=counts)


class BatchFrameNorm(nn.BatchNorm2d):
    """Batch norm of frames [B, D, 1, T]; in training padded frames count, as where published.

    >>> BatchFrameNorm(4).eval()(torch.ones(2, 4, 1, 3), torch.ones(2, 1, 1, 3)).shape
    torch.Size([2, 4, 1, 3])
    """

    @property
    def hears_padding(self) -> bool:
        """Whether what is in the padding changes the valid frames."""
        return self.training

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG002  # like the other norm's
        """Normalise [B, D, 1, T]."""
        return super().forward(frames)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return by what it multiplies each channel in evaluation, and what it then adds."""
        weight, bias = self.weight.detach(), self.bias.detach()
        mean, variance = self.running_mean, self.running_var
        if mean is None or variance is None:
            raise ValueError("a batch norm without statistics cannot be folded")
        scale = weight * (variance + self.eps).rsqrt()
        return scale, bias - mean * scale


class NoFrameNorm(nn.Module):
    """What is left of a norm that was folded into its convolution."""

    hears_padding = False

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  # like a norm's
        """Return the frames as they are."""
        return frames


class GroupFrameNorm(nn.Module):
    """Normalise groups of channels over all frames of an utterance (Wu and He 2018, 1803.08494).

    Args:
        width: channels, at least 1.
        groups: divides the width.
        padding_counts: whether statistics count all frames rather than valid ones.

    Raises:
        ValueError: the groups do not divide the width.

    >>> norm = GroupFrameNorm(4, 2)
    >>> frames = torch.tensor([1.0, 3.0, 9.0]).expand(1, 4, 1, 3)
    >>> norm(frames, torch.tensor([True, True, False])[None, None, None])[0, 0, 0, :2].round()
    tensor([-1.,  1.], grad_fn=<RoundBackward0>)
    """

    def __init__(self, width: int, groups: int, *, padding_counts: bool = False) -> None:
        super().__init__()
        if width % groups:
            raise ValueError(f"`groups`: {groups} groups do not divide {width} channels")
        self.groups = groups
        self.padding_counts = padding_counts
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.epsilon = 1e-5

    @property
    def hears_padding(self) -> bool:
        """Whether what is in the padding changes the valid frames."""
        return self.padding_counts

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Normalise [B, D, 1, T]; `mask` [B, 1, 1, T] is True where a frame is valid."""
        # not by PyTorch's own norm, which loses digits where channels are next to each other
        valid = (torch.ones_like(mask) if self.padding_counts else mask).unsqueeze(1)
        grouped = frames.float().unflatten(1, (self.groups, -1))
        count = valid.sum(4, keepdim=True).clamp(min=1) * grouped.shape[2]
        mean = (grouped * valid).sum((2, 4), keepdim=True) / count
        centred = (grouped - mean) * valid
        variance = centred.square().sum((2, 4), keepdim=True) / count
        normal = (centred * (variance + self.epsilon).rsqrt()).flatten(1, 2)
        scaled = normal * self.weight[:, None, None] + self.bias[:, None, None]
        return scaled.to(frames.dtype)
