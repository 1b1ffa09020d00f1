"""A front end that is learnt: filters over the waveform."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from phonograph.collections.asr.log_mel import whole_samples
from phonograph.modules.block_stream import StreamState
from phonograph.modules.masks import valid_mask, zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least
from phonograph.modules.reach import Reach
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Audio, Features, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.learned_filters", version=1)
class LearnedFilters(SlidingStream):
    """Turn audio into features with learnt filters and ReLU.

    The first layer of Wav2Letter on raw audio (Collobert et al. 2016, 1609.03193, sec. 2.1). The
    window of frame t begins (window - hop) / 2, rounded down, before sample t * hop; what lies
    beyond an utterance counts as silence. Frames beyond its length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        filters: features to make, at least 1.
        window: length of a filter in seconds, at least `hop`, rounded to whole samples.
        hop: time between frames in seconds, above 0, rounded to whole samples.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> front = LearnedFilters(16000, filters=8)
    >>> features, lengths = front(torch.zeros(2, 1600), torch.tensor([1600, 810]))
    >>> features.shape, lengths
    (torch.Size([2, 8, 10]), tensor([10,  5]))
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        filters: int = 250,
        window: float = 0.015625,
        hop: float = 0.01,
    ) -> None:
        check_at_least(1, sample_rate=sample_rate, filters=filters)
        taps = whole_samples(window, sample_rate, "window")
        hops = whole_samples(hop, sample_rate, "hop")
        if taps < hops:
            raise ValueError(f"`window` must be at least as long as `hop`, not {window} s")
        before = (taps - hops) // 2
        super().__init__(width=filters, stride=hops, ahead=taps - 1 - before)
        self.hop, self.before, self.after = hops, before, taps - hops - before
        self.reach = Reach(before, self.ahead, hops)
        self.conv = nn.Conv1d(1, filters, taps, stride=self.hop)

    @staticmethod
    def look_ahead(sample_rate: int, window: float, hop: float) -> float:
        """Return the samples after its own that a frame hears.

        >>> LearnedFilters.look_ahead(16000, 0.015625, 0.01)
        204
        """
        taps = whole_samples(window, sample_rate, "window")
        return taps - 1 - (taps - whole_samples(hop, sample_rate, "hop")) // 2

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Features("B filters floor(S/floor(hop*sample_rate+1/2))"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Filter.

        Args:
            audio: [B, S] samples in [-1, 1].
            lengths: [B] valid samples.

        Returns:
            [B, filters, T] features and [B] valid frames.
        """
        silent = audio.masked_fill(~valid_mask(lengths, audio.shape[1]), 0.0)
        padded = functional.pad(silent, (self.before, self.after)).unsqueeze(1)
        features = functional.relu(self.conv(padded))
        frames = self.outputs(lengths)
        return zero_padding(features, frames), frames

    def outputs(self, steps: Tensor) -> Tensor:
        """Return how many frames so many samples give."""
        return steps // self.hop

    def begun(self, batch: int, late: int) -> tuple[Tensor, Tensor]:
        """Return the samples that a stream begins with, and those that are heard again."""
        sizes = (self.lead(late), self.reach.again)
        rest, heard = (self.conv.weight.new_zeros(batch, size) for size in sizes)
        return rest, heard

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Filter the next samples of a stream."""
        samples, moment = Moment(state.first, state.end), self.moment(state)
        heard, kept, _ = self.reach.heard(samples.silenced(x), state.kept, samples)
        features = moment.silenced(functional.relu(self.conv(heard.unsqueeze(1))))
        return features, *moment.within(features.shape[2]), kept
