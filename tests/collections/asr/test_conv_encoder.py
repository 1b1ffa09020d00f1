"""The general convolutional encoder keeps its declaration."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.export import Dim, export

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock

rows = st.builds(
    ConvBlock,
    filters=st.integers(1, 6),
    kernel=st.sampled_from([1, 3, 5]),
    repeat=st.integers(1, 3),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    separable=st.booleans(),
    residual=st.booleans(),
)


def settled(encoder: ConvEncoder, width: int) -> ConvEncoder:
    """Let batch norm see some data, then evaluate."""
    encoder(torch.randn(4, width, 50), torch.full((4,), 50))
    return encoder.eval()


@settings(deadline=None, max_examples=30)
@given(st.lists(rows, min_size=1, max_size=3), st.lists(st.integers(1, 40), min_size=1, max_size=3))
def test_any_table_keeps_the_declared_sizes_and_hears_no_padding(blocks, lengths) -> None:
    encoder = settled(ConvEncoder(5, blocks), 5)
    derived = ConvEncoder.derived(blocks)
    features = torch.randn(len(lengths), 5, max(lengths))
    batch, counts = encoder(features, torch.tensor(lengths))
    assert batch.shape[1:] == (derived["width"], math.ceil(max(lengths) / derived["stride"]))
    for row, length in enumerate(lengths):
        alone, _ = encoder(features[row : row + 1, :, :length], torch.tensor([length]))
        assert int(counts[row]) == alone.shape[2] == math.ceil(length / derived["stride"])
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0], atol=1e-5, rtol=1e-4)
        assert not batch[row, :, alone.shape[2] :].any()


def test_the_loss_reaches_every_weight() -> None:
    encoder = ConvEncoder(
        5, [ConvBlock(8, kernel=3, repeat=2, stride=2), ConvBlock(6, kernel=5, separable=False)]
    )
    encoder(torch.randn(4, 5, 30), torch.tensor([30, 20, 10, 5]))[0].square().sum().backward()
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_the_exported_program_takes_any_batch_and_length() -> None:
    encoder = settled(ConvEncoder(5, [ConvBlock(8, kernel=3, repeat=2, stride=2)]), 5)
    dynamic = ({0: Dim.DYNAMIC, 2: Dim.DYNAMIC}, {0: Dim.DYNAMIC})
    example = (torch.randn(2, 5, 30), torch.tensor([30, 20]))
    program = export(encoder, example, dynamic_shapes=dynamic)
    features, lengths = torch.randn(3, 5, 47), torch.tensor([47, 46, 1])
    torch.testing.assert_close(program.module()(features, lengths), encoder(features, lengths))


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`blocks` must have at least one row$"):
        ConvEncoder(5, [])
    with pytest.raises(ValueError, match=r"^`blocks` must have at least one row$"):
        ConvEncoder.derived([])
