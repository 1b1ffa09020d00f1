"""Convolutions and recurrent layers, held against deepspeech.pytorch's Deep Speech 2."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from phonograph.collections.asr.conv_recurrent import ConvRecurrent
from phonograph.modules.frequency_convs import FrequencyConv
from phonograph.modules.recurrent_stack import Recurrence

CONVS = [FrequencyConv(32, (41, 11), (2, 2)), FrequencyConv(32, (21, 11), (2, 1))]


class Reference(nn.Module):
    """The layers of deepspeech.pytorch (release 3) for 161 bins, without the output layer."""

    def __init__(self, hidden, layers) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(1, 32, (41, 11), (2, 2), (20, 5)),
                nn.BatchNorm2d(32),
                nn.Conv2d(32, 32, (21, 11), (2, 1), (10, 5)),
                nn.BatchNorm2d(32),
            ]
        )
        widths = [1312] + [hidden] * (layers - 1)
        self.lstms = nn.ModuleList(nn.LSTM(width, hidden, bidirectional=True) for width in widths)
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in widths)

    def forward(self, spectrum, lengths):
        lengths = (lengths + 1) // 2
        x = spectrum.unsqueeze(1)
        for at in (0, 2):
            x = self.convs[at + 1](self.convs[at](x)).clamp(0, 20)
            for row, length in enumerate(lengths.tolist()):
                x[row, ..., length:] = 0.0
        x = x.flatten(1, 2).permute(2, 0, 1)
        for lstm, norm in zip(self.lstms, self.norms, strict=True):
            packed = lstm(pack_padded_sequence(x, lengths, enforce_sorted=False))[0]
            x, _ = pad_packed_sequence(packed)
            x = x.unflatten(2, (2, -1)).sum(2)
            x = norm(x.flatten(0, 1)).reshape(x.shape)
        return x.permute(1, 2, 0), lengths


def in_our_names(reference):
    weights = {}
    for name, weight in reference.state_dict().items():
        part, place, *rest = name.split(".")
        end = ".".join(rest)
        if part == "convs":
            kind = "norm" if int(place) % 2 else "conv"
            weights[f"convs.layers.{int(place) // 2}.{kind}.{end}"] = weight
        elif part == "norms":
            weights[f"stack.layers.{place}.norm.{end}"] = weight
        else:
            reader = "mirrored_reader" if end.endswith("_reverse") else "reader"
            end = end.removesuffix("_reverse")
            weights[f"stack.layers.{place}.{reader}.{end}"] = weight
    return weights


def test_padded_batches_are_encoded_as_deepspeech_pytorch_encodes_them():
    reference = Reference(6, 2)
    ours = ConvRecurrent(161, CONVS, d_model=6, layers=2)
    spectrum, lengths = torch.randn(3, 161, 30), torch.tensor([30, 9, 21])
    spectrum *= (torch.arange(30) < lengths[:, None]).unsqueeze(1)
    reference(spectrum, lengths)  # moves the running statistics away from where they start
    ours.load_state_dict(in_our_names(reference))
    reference.eval()
    ours.eval()
    with torch.no_grad():
        expected, expected_lengths = reference(spectrum, lengths)
        found, found_lengths = ours(spectrum, lengths)
    assert torch.equal(found_lengths, expected_lengths)
    for row, length in enumerate(found_lengths.tolist()):
        torch.testing.assert_close(found[row, :, :length], expected[row, :, :length])


def test_the_sizes_are_those_of_deepspeech_pytorch():
    with torch.device("meta"):
        ours, reference = ConvRecurrent(161, CONVS), Reference(1024, 5)
    count, expected = (sum(w.numel() for w in model.parameters()) for model in (ours, reference))
    assert count == expected == 86_588_704


def test_one_direction_looks_no_further_than_the_convolutions():
    assert ConvRecurrent.look_ahead(CONVS, Recurrence(bidirectional=False)) == 15


def test_without_convolutions_there_are_only_recurrent_layers():
    encoder = ConvRecurrent(5, [], d_model=4, layers=1)
    encoded, lengths = encoder(torch.randn(1, 5, 7), torch.tensor([7]))
    assert encoded.shape == (1, 4, 7)
    assert lengths.tolist() == [7]
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        ConvRecurrent(5, [], layers=0)
