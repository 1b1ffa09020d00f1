"""The encoder of wav2vec 2.0 and HuBERT: convolutions over samples, then a transformer."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor, nn

from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import valid_mask
from phonograph.modules.positional_conv import PositionalConv, PositionSettings
from phonograph.modules.ranges import check_at_least
from phonograph.modules.transformer_layer import TransformerLayer, TransformerSettings
from phonograph.modules.waveform_convs import ACTIVATIONS, WaveformConvs, WaveformConvSettings
from phonograph.types.kinds import Audio, Encoded, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_CONVS = WaveformConvSettings()
_POSITIONS = PositionSettings()
_BLOCK = TransformerSettings()


@register("asr.wav2vec2", version=1)
class Wav2Vec2(nn.Module):
    """Encode audio as wav2vec 2.0 (Baevski et al. 2020, arXiv 2006.11477, sec. 2) and HuBERT do.

    By default it is the base model of the paper. Of HuBERT (Hsu et al. 2021, arXiv 2106.07447) it
    is the same encoder. Padding counts nowhere, so an utterance gives the same alone as in a batch.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out. The
            published models heard 16000.
        d_model: width of the layers and of the result, a multiple of the heads and of the groups of
            the positions; 768 and 1024 are the base and the large model.
        layers: number of layers, at least 1; 12 and 24 in the paper.
        convs: what the convolutions over samples are like.
        projection_norm: whether frames are normalised before they get the width of the layers.
        positions: how positions are told.
        block: what the layers are like. With `norm_first` the last norm follows the last layer,
            else it stands before the first.

    Raises:
        ValueError: a number is out of range, or the width does not fit the heads or groups.

    >>> import torch
    >>> settings = TransformerSettings(heads=2, middle=16)
    >>> encoder = Wav2Vec2(16000, d_model=16, layers=1, block=settings)
    >>> encoded, lengths = encoder(torch.zeros(2, 1360), torch.tensor([1360, 1000]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 4]), tensor([4, 2]))
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        d_model: int = 768,
        layers: int = 12,
        convs: WaveformConvSettings = _CONVS,
        projection_norm: bool = True,
        positions: PositionSettings = _POSITIONS,
        block: TransformerSettings = _BLOCK,
    ) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate, d_model=d_model, layers=layers)
        if d_model % block.heads:
            message = f"`block.heads`: {block.heads} heads do not divide `d_model` {d_model}"
            raise ValueError(message)
        width, epsilon = convs.widths[-1], block.norm_epsilon
        self.activation = ACTIVATIONS[convs.activation]
        self.norm_first = block.norm_first
        self.convs = WaveformConvs(convs)
        self.projection_norm = nn.LayerNorm(width, eps=epsilon) if projection_norm else None
        self.projection = nn.Linear(width, d_model)
        self.positions = PositionalConv(d_model, positions)
        self.norm = nn.LayerNorm(d_model, eps=epsilon)
        self.dropout = Dropout(block.dropout)
        self.layers = nn.ModuleList(TransformerLayer(d_model, block) for _ in range(layers))

    @staticmethod
    def derived(convs: WaveformConvSettings) -> Mapping[str, int]:
        """Return the samples from one frame to the next, and those that make one frame.

        >>> Wav2Vec2.derived(WaveformConvSettings())
        {'stride': 320, 'field': 400}
        """
        return {"stride": convs.stride, "field": convs.field}

    @staticmethod
    def look_ahead() -> float:
        """Attention reaches to the end of the utterance.

        >>> Wav2Vec2.look_ahead()
        inf
        """
        return math.inf

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "encoded": Encoded("B d_model floor((S-field)/stride)+1"),
            "lengths": Lengths("B", of="floor((S-field)/stride)+1"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode padded audio.

        Args:
            audio: [B, S] samples.
            lengths: [B] valid samples.

        Returns:
            [B, d_model, T] encoded frames, zero in the padding, and [B] how many are valid: none of
            an utterance that is shorter than one frame.
        """
        x_bdt, lengths = self.convs(audio, lengths)
        mask = valid_mask(lengths, x_bdt.shape[2])
        padding = ~mask.unsqueeze(1)
        x_btd = x_bdt.transpose(1, 2)
        if self.projection_norm is not None:
            x_btd = self.projection_norm(x_btd)
        x_bdt = self.projection(x_btd).transpose(1, 2).masked_fill(padding, 0.0)
        x_btd = (x_bdt + self.activation(self.positions(x_bdt))).transpose(1, 2)
        x_btd = self.dropout(x_btd if self.norm_first else self.norm(x_btd))
        for layer in self.layers:
            x_btd = layer(x_btd, mask)
        if self.norm_first:
            x_btd = self.norm(x_btd)
        return x_btd.transpose(1, 2).masked_fill(padding, 0.0), lengths
