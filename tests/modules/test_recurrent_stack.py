"""Recurrent layers read each utterance from its own two ends."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from phonograph.modules.recurrent_stack import Recurrence, RecurrentLayer, RecurrentStack

REFERENCES = {"gru": nn.GRU, "lstm": nn.LSTM, "relu": nn.RNN}


def reference_of(layer, cell, width_in, width):
    """Give PyTorch's own bidirectional layer the weights of ours."""
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    reference = REFERENCES[cell](width_in, width, bidirectional=True, **options)
    weights = dict(layer.reader.state_dict())
    for name, weight in layer.mirrored_reader.state_dict().items():
        weights[f"{name}_reverse"] = weight
    reference.load_state_dict(weights)
    return reference


def packed(reference, frames_tbd, lengths):
    sequence = pack_padded_sequence(frames_tbd, lengths, enforce_sorted=False)
    return pad_packed_sequence(reference(sequence)[0])[0]


@pytest.mark.parametrize("cell", REFERENCES)
@pytest.mark.parametrize("join", ["concat", "sum"])
def test_a_layer_equals_a_packed_bidirectional_one(cell, join) -> None:
    layer = RecurrentLayer(5, 8, Recurrence(cell, join=join))
    width = 4 if join == "concat" else 8
    frames, lengths = torch.randn(11, 3, 5), torch.tensor([11, 1, 7])
    expected = packed(reference_of(layer, cell, 5, width), frames, lengths)
    if join == "sum":
        expected = expected[..., :8] + expected[..., 8:]
    found = layer(frames, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[:length, row], expected[:length, row])


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.sampled_from(list(REFERENCES)),
    st.integers(1, 2),
    st.booleans(),
    st.sampled_from(["none", "batch"]),
)
def test_padding_is_not_heard(lengths, cell, layers, bidirectional, norm) -> None:
    recurrence = Recurrence(cell, bidirectional, norm=norm)
    stack = RecurrentStack(3, 4, layers, recurrence).eval()
    frames = torch.randn(max(lengths) + 2, len(lengths), 3)
    batch = stack(frames, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = stack(frames[:length, row : row + 1], torch.tensor([length]))
        torch.testing.assert_close(batch[:length, row], alone[:, 0])


def test_batch_norm_is_over_batch_and_time_together() -> None:
    layer = RecurrentLayer(3, 4, Recurrence(bidirectional=False, norm="batch")).train()
    out = layer(torch.randn(9, 5, 3), torch.full((5,), 9))
    torch.testing.assert_close(out.mean((0, 1)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var((0, 1), unbiased=False), torch.ones(4), atol=1e-2, rtol=0)


def test_what_stands_in_the_padding_does_not_reach_the_statistics() -> None:
    layer = RecurrentLayer(3, 4, Recurrence(norm="batch"))
    frames, lengths = torch.randn(9, 2, 3), torch.tensor([9, 4])
    other = copy.deepcopy(layer)
    layer(frames, lengths)
    frames[4:, 1] = 100.0
    other(frames, lengths)
    mean = layer.get_buffer("norm.running_mean")
    torch.testing.assert_close(other.get_buffer("norm.running_mean"), mean)
    assert mean.any()


def test_the_loss_reaches_every_weight() -> None:
    stack = RecurrentStack(3, 4, 2, Recurrence(norm="batch", dropout=0.1))
    (stack(torch.randn(9, 2, 3), torch.tensor([9, 4])) * torch.randn(4)).square().sum().backward()
    for name, weight in stack.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`d_model` must be even for two directions, not 5$"):
        RecurrentStack(3, 5, 1, Recurrence())
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        RecurrentStack(3, 4, 0, Recurrence())
    assert RecurrentStack(3, 5, 1, Recurrence(join="sum"))(
        torch.zeros(2, 1, 3), torch.tensor([2])
    ).shape == (2, 1, 5)


@pytest.mark.parametrize("cell", REFERENCES)
@pytest.mark.parametrize("sizes", [[1] * 20, [3, 17], [20]])
def test_a_stream_gives_the_whole_and_does_not_hear_what_comes_before(cell, sizes) -> None:
    stack = RecurrentStack(3, 4, 2, Recurrence(cell, bidirectional=False, norm="batch")).eval()
    frames, silent = torch.randn(20, 3, 3), torch.tensor([0, 2, 5])
    states, read, first = stack.start(3), [], 0
    for size in sizes:
        part = frames[first : first + size]
        given, states = stack.step(part, (silent - first).clamp(0, size), states)
        read.append(given)
        first += size
    for row, start in enumerate(silent.tolist()):
        heard = frames[start:, row : row + 1]
        expected = stack(heard, torch.tensor([20 - start]))
        torch.testing.assert_close(torch.cat(read)[start:, row], expected[:, 0])
