"""A command is scored by the mean of the frames it was spoken in."""

import torch

from phonograph.collections.asr.command_head import CommandHead
from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock

# Table 1 of the paper, with one and with two convolutions in the residual blocks.
SIZES = {(1, 30): 77_214, (1, 35): 77_859, (2, 30): 92_766, (2, 35): 93_411}


def matchboxnet(repeat: int) -> list[ConvBlock]:
    return [
        ConvBlock(128, 11, residual=False),
        *(ConvBlock(64, kernel, repeat=repeat) for kernel in (13, 15, 17)),
        ConvBlock(128, 29, dilation=2, residual=False),
        ConvBlock(128, 1, separable=False, residual=False),
    ]


def test_on_matchboxnet_there_are_as_many_weights_as_nemo_counts():
    for (repeat, commands), counted in SIZES.items():
        parts = (ConvEncoder(64, matchboxnet(repeat)), CommandHead(128, commands))
        assert sum(weight.numel() for part in parts for weight in part.parameters()) == counted


def test_only_valid_frames_count():
    head = CommandHead(4, 3)
    frames = torch.randn(2, 4, 7)
    scores = head(frames, torch.tensor([7, 5]))
    torch.testing.assert_close(scores[1], head.linear(frames[1, :, :5].mean(1)))
    torch.testing.assert_close(scores[0], head.linear(frames[0].mean(1)))


def test_an_utterance_without_frames_is_scored_by_the_bias():
    head = CommandHead(4, 3)
    scores = head(torch.randn(1, 4, 7), torch.tensor([0]))
    torch.testing.assert_close(scores[0], head.linear.bias)
