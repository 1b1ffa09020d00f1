"""Hide random bands and stretches of the features while training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least, check_at_most
from phonograph.types.kinds import Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_MOST_MASKS = 1000


@register("asr.spec_augment", version=1, random=True)
class SpecAugment(nn.Module):
    """Hide random bands and stretches of each utterance; in evaluation, change nothing.

    SpecAugment (Park et al. 2019, 1904.08779, sec. 2) with stretches limited by the length of the
    utterance (Park et al. 2020, 1912.05533, sec. 3). Hidden values become the mean of their
    feature over the valid frames: zero, as in the paper, where features are normalised.

    Args:
        freq_masks: bands to hide, from 0 to 1000.
        freq_width: features in the widest band, at least 0.
        time_masks: stretches to hide, from 0 to 1000.
        time_width: longest stretch as a share of the valid frames, in [0, 1].
        time_limit: longest stretch in frames, at least 0.

    Raises:
        ValueError: an argument is out of range.

    >>> augment = SpecAugment(freq_masks=1, freq_width=4, time_masks=0)
    >>> features, lengths = torch.randn(2, 8, 5), torch.tensor([5, 3])
    >>> bool((augment(features, lengths) == features).all(2).sum(1).min() >= 4)
    True
    """

    def __init__(
        self,
        *,
        freq_masks: int = 2,
        freq_width: int = 27,
        time_masks: int = 10,
        time_width: float = 0.05,
        time_limit: int = 100,
    ) -> None:
        super().__init__()
        check_at_least(0, freq_masks=freq_masks, freq_width=freq_width)
        check_at_least(0, time_masks=time_masks, time_limit=time_limit)
        check_at_most(_MOST_MASKS, freq_masks=freq_masks, time_masks=time_masks)
        if not 0 <= time_width <= 1:
            raise ValueError(f"`time_width` must be from 0 to 1, not {time_width}")
        self.freq_masks = freq_masks
        self.freq_width = freq_width
        self.time_masks = time_masks
        self.time_width = time_width
        self.time_limit = time_limit

    @ports(
        features=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        out={"features": Frames("B D T")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Hide parts of the features.

        Args:
            features: [B, D, T].
            lengths: [B] valid frames.

        Returns:
            [B, D, T]; frames beyond an utterance's length are untouched.
        """
        if not self.training:
            return features
        width, size = features.shape[1:]
        bands = random_spans(
            torch.full_like(lengths, width),
            torch.full_like(lengths, min(self.freq_width, width)),
            count=self.freq_masks,
            size=width,
        )
        longest = (lengths * self.time_width).long().clamp(max=self.time_limit)
        stretches = random_spans(lengths, longest, count=self.time_masks, size=size)
        valid = valid_mask(lengths, size).unsqueeze(1)
        hidden = (bands.unsqueeze(2) | stretches.unsqueeze(1)) & valid
        total = features.masked_fill(~valid, 0.0).sum(2, keepdim=True)
        mean = total / lengths.clamp(min=1).view(-1, 1, 1)
        return torch.where(hidden, mean.to(features.dtype), features)


def random_spans(lengths: Tensor, longest: Tensor, *, count: int, size: int) -> Tensor:
    """Draw spans of random width and place, uniformly, in each row.

    Args:
        lengths: [B] steps within which the spans lie.
        longest: [B] largest width of a span, at most `lengths`.
        count: spans per row.
        size: steps of the padded axis.

    Returns:
        [B, size], True inside a span.
    """
    draws = torch.rand(2, lengths.shape[0], count, device=lengths.device)
    width = (draws[0] * (longest + 1).unsqueeze(1)).long()
    start = (draws[1] * (lengths.unsqueeze(1) - width + 1)).long()
    step = torch.arange(size, device=lengths.device)
    inside = (step >= start.unsqueeze(2)) & (step < (start + width).unsqueeze(2))
    return inside.any(1)
