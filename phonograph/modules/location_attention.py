"""Attention that knows where it was: it scores frames by content and by its own past."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least, check_odd_kernel


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """How frames are scored.

    Args:
        width: width of the layer in which query, frame and location meet, at least 1.
        filters: filters over the past weights, at least 0; without any, only content counts.
        kernel: frames that a filter spans, odd.

    Raises:
        ValueError: a number is out of range.
    """

    width: int = 128
    filters: int = 16
    kernel: int = 31

    def __post_init__(self) -> None:
        check_at_least(1, width=self.width)
        check_at_least(0, filters=self.filters)
        check_odd_kernel(self.kernel)


@dataclass(frozen=True, slots=True)
class Memory:
    """What attention reads from; it stays the same from step to step.

    Args:
        frames: [B, T, D], zero in the padding.
        keys: [B, T, A], the frames as they are scored.
        mask: [B, T], True where a frame is valid.
    """

    frames: Tensor
    keys: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Focus:
    """Where attention is.

    Args:
        context: [B, D], the mean of the frames under the weights.
        weights: [B, T], which sum to 1.
        total: [B, T], all weights so far added up.
    """

    context: Tensor
    weights: Tensor
    total: Tensor


class LocationAttention(nn.Module):
    """Weigh frames by query, frame and past weights (Chorowski et al. 2015, 1506.07503, sec. 2.2).

    The filters run over the last weights and over the sum of all, as in Tacotron 2 (Shen et al.
    2017, 1712.05884, sec. 2.2), so that attention can go on from where it was and tell what was
    read already.

    Args:
        query_width: width of the queries, at least 1.
        width_in: width of the frames, at least 1.
        settings: the rest.

    >>> attention = LocationAttention(4, 6, AttentionSettings(width=8))
    >>> memory = attention.remember(torch.zeros(2, 9, 6), torch.tensor([9, 4]))
    >>> attention(torch.zeros(2, 4), attention.start(memory), memory).context.shape
    torch.Size([2, 6])
    """

    def __init__(self, query_width: int, width_in: int, settings: AttentionSettings) -> None:
        super().__init__()
        self.query = nn.Linear(query_width, settings.width)
        self.key = nn.Linear(width_in, settings.width, bias=False)
        self.score = nn.Linear(settings.width, 1, bias=False)
        self.past: nn.Conv1d | None = None
        if settings.filters:
            padding = settings.kernel // 2
            self.past = nn.Conv1d(2, settings.filters, settings.kernel, padding=padding, bias=False)
            self.location = nn.Linear(settings.filters, settings.width, bias=False)

    def remember(self, frames: Tensor, lengths: Tensor) -> Memory:
        """Prepare [B, T, D] frames, of which [B] are valid."""
        mask = valid_mask(lengths, frames.shape[1])
        frames = frames.masked_fill(~mask.unsqueeze(2), 0.0)
        return Memory(frames, self.key(frames), mask)

    def start(self, memory: Memory) -> Focus:
        """Stand at the first frame, with nothing read."""
        context = memory.frames.new_zeros(memory.frames.shape[0], memory.frames.shape[2])
        none = memory.keys.new_zeros(memory.mask.shape)
        first = functional.pad(none[:, 1:], (1, 0), value=1.0)
        return Focus(context, first, none)

    def forward(self, query: Tensor, focus: Focus, memory: Memory) -> Focus:
        """Move the focus by a [B, query_width] query."""
        mixed_bta = memory.keys + self.query(query).unsqueeze(1)
        if self.past is not None:
            past = torch.stack([focus.weights, focus.total], 1)
            mixed_bta = mixed_bta + self.location(self.past(past).transpose(1, 2))
        scores = self.score(mixed_bta.tanh()).squeeze(2)
        # A finite number: a row of infinities would make NaN of an empty utterance.
        scores = scores.masked_fill(~memory.mask, torch.finfo(scores.dtype).min)
        # float32: softmax loses digits in bf16.
        weights = scores.float().softmax(1).to(scores.dtype).masked_fill(~memory.mask, 0.0)
        context = (weights.unsqueeze(1) @ memory.frames).squeeze(1)
        return Focus(context, weights, focus.total + weights)
