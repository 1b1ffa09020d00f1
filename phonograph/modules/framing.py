"""How audio is cut into windowed frames before its spectrum is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.short_time import pad_ends

_SILENT = 1e-6  # a weight that is zero but for rounding

_SHAPES: Mapping[str, Callable[..., Tensor]] = {
    "hann": torch.hann_window,
    "hamming": torch.hamming_window,
    "blackman": torch.blackman_window,
    "bartlett": torch.bartlett_window,
}


@dataclass(frozen=True, slots=True)
class Framing:
    """The window's shape, where frames stand, how many there are, and what lies beyond the ends.

    Args:
        shape: weights of the window; `ones` weighs all samples alike.
        periodic: whether the window is one period of a longer wave; else it is symmetric, with
            both ends alike.
        padding: what lies beyond both ends of an utterance: `zero`, or its mirror image, `reflect`.
        frames: `all` centres frame t on sample t * hop and gives floor(S / hop) + 1 frames;
            `whole` leaves the last of them out, as NeMo does; `between` centres frame t on sample
            (t + 1/2) * hop and gives floor(S / hop) - 1 frames, as NeMo does with `exact_pad`.
        preemphasis: share of each sample that is taken off the next, in [0, 1]; with frames
            `between`, the last (n_fft - hop) / 2 samples are then not heard, as in NeMo.

    Raises:
        ValueError: a setting is out of range, or two do not go together.

    >>> Framing(shape="hamming", periodic=False).window(3, 5)
    tensor([0.0000, 0.0800, 1.0000, 0.0800, 0.0000])
    """

    shape: Literal["hann", "hamming", "blackman", "bartlett", "ones"] = "hann"
    periodic: bool = True
    padding: Literal["reflect", "zero"] = "zero"
    frames: Literal["all", "whole", "between"] = "all"
    preemphasis: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.preemphasis <= 1:
            raise ValueError(f"`preemphasis` must be from 0 to 1, not {self.preemphasis}")
        if self.padding == "reflect" and self.frames == "between":
            raise ValueError("`padding` must be zero where `frames` are between, not reflect")

    @property
    def frames_more(self) -> int:
        """How many frames there are more than whole hops."""
        return {"all": 1, "whole": 0, "between": -1}[self.frames]

    def window(self, samples: int, n_fft: int) -> Tensor:
        """Return the weights of a window in the middle of a frame.

        Args:
            samples: samples of the window.
            n_fft: samples of the frame, at least as many.

        Returns:
            float32 [n_fft], zero on both sides of the window, on the CPU.
        """
        left = (n_fft - samples) // 2
        return functional.pad(self._weights(samples), (left, n_fft - samples - left))

    def before(self, *, hop: int, n_fft: int) -> int:
        """Return how many samples before its own sample t * hop frame t begins."""
        return (n_fft - hop) // 2 if self.frames == "between" else n_fft // 2

    def look_ahead(self, *, window: int, hop: int, n_fft: int) -> int:
        """Return how many samples after t * hop frame t still hears."""
        last = int(self.window(window, n_fft).nonzero().max())
        return last - self.before(hop=hop, n_fft=n_fft)

    def padded(self, audio: Tensor, lengths: Tensor, *, hop: int, n_fft: int) -> Tensor:
        """Return audio in which frame t begins at sample t * hop.

        Args:
            audio: [B, S] samples.
            lengths: [B] valid samples.
            hop: samples between the starts of two frames.
            n_fft: samples of a frame.

        Returns:
            [B, S + n_fft], zero beyond each utterance and what pads it.
        """
        before = self.before(hop=hop, n_fft=n_fft)
        if self.preemphasis and self.frames == "between":
            lengths = (lengths - before).clamp(min=0)
        audio = self.emphasized(audio)
        return pad_ends(audio, lengths, before=before, after=n_fft - before, padding=self.padding)

    def emphasized(self, audio: Tensor) -> Tensor:
        """Take off each sample of [B, S] its share of the one before; the first stays as it is."""
        if not self.preemphasis:
            return audio
        # Two roundings, as elsewhere: fused into one, quiet bands differ in the fourth digit.
        softer = self.preemphasis * audio[:, :-1]
        return torch.cat([audio[:, :1], audio[:, 1:] - softer], 1)

    def _weights(self, samples: int) -> Tensor:
        if self.shape == "ones":
            return torch.ones(samples, device="cpu")
        weights = _SHAPES[self.shape](samples, periodic=self.periodic, device="cpu")
        return weights.masked_fill(weights.abs() < _SILENT, 0.0)
