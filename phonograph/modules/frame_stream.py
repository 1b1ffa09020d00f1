"""Front ends that turn audio into frames, each of a window of samples."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.framing import Framing
from phonograph.modules.full_precision import full_precision
from phonograph.modules.halving import Span
from phonograph.modules.moment import Moment
from phonograph.modules.sliding_stream import SlidingStream


class FrameStream(SlidingStream):
    """A front end that makes a frame of every hop; a class says what it makes of windows.

    Args:
        framing: place and number of the frames, pre-emphasis.
        window: [W] weights of a frame's samples.
        hop: samples between the starts of two frames, at least 1.
        width: features of a frame, at least 1.
    """

    window: Tensor

    def __init__(self, framing: Framing, window: Tensor, *, hop: int, width: int) -> None:
        before = framing.before(hop=hop, n_fft=len(window))
        super().__init__(width=width, stride=hop, ahead=int(window.nonzero().max()) - before)
        self.framing, self.hop, self.before = framing, hop, before
        self.register_buffer("window", window, persistent=False)

    @abstractmethod
    def features(self, framed: Tensor) -> Tensor:
        """Return the features of audio [B, S] in which frame t begins at sample t * hop.

        Returns:
            [B, width, T] of every frame that is there in full.
        """

    def outputs(self, steps: Tensor) -> Tensor:
        """Return how many frames so many samples give."""
        return (steps // self.hop + self.framing.frames_more).clamp(min=0)

    def begun(self, batch: int, late: int) -> tuple[Tensor, Tensor]:
        """Return the samples that a stream begins with, and those that are heard again."""
        rest = self.window.new_zeros(batch, self.lead(late))
        return rest, self.window.new_zeros(batch, max(0, self._again))

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute the frames that the next hops of a stream complete."""
        moment, size = self.moment(state), x.shape[1] // self.hop
        every = torch.cat([state.kept, x.float()], 1)
        with full_precision(x):
            features = self.features(self._framed(every, moment, state.end, size))[:, :, :size]
        again = every[:, every.shape[1] - state.kept.shape[1] :]
        return moment.silenced(features), *moment.within(size), again

    @property
    def _again(self) -> int:
        """Samples before a block that its frames hear, and one before them; negative: not heard."""
        return self.ahead + self.before + 2 - self.hop

    def _framed(self, every: Tensor, moment: Moment, end: Tensor, size: int) -> Tensor:
        audio = self.framing.emphasized(every[:, max(0, -self._again) :])[:, 1:]
        first = moment.first * self.hop - self.before
        inside = Span(end - first, -first).mask(audio.shape[1])
        missing = (size - 1) * self.hop + len(self.window) - audio.shape[1]
        # what is missing at the end has no weight in the window
        return functional.pad(audio.masked_fill(~inside, 0.0), (0, max(0, missing)))
