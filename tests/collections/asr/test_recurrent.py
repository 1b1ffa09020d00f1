"""Recurrent layers read each utterance from its own two ends."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from phonograph.collections.asr.recurrent import Recurrent


@pytest.mark.parametrize(("cell", "theirs"), [("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_two_layers_equal_a_packed_bidirectional_one(cell, theirs) -> None:
    ours = Recurrent(6, d_model=8, layers=2, cell=cell)
    reference = theirs(6, 4, num_layers=2, bidirectional=True, batch_first=True)
    weights = {}
    for layer in range(2):
        for end, cells in (("", ours.forward_cells), ("_reverse", ours.backward_cells)):
            for name, weight in cells[layer].state_dict().items():
                weights[name.replace("_l0", f"_l{layer}{end}")] = weight
    reference.load_state_dict(weights)
    encoded, lengths = torch.randn(3, 6, 11), torch.tensor([11, 7, 1])
    packed = pack_padded_sequence(
        encoded.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False
    )
    expected, _ = pad_packed_sequence(reference(packed)[0], batch_first=True)
    out = ours(encoded, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(out[row, :, :length], expected[row, :length].T)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
    st.sampled_from(["gru", "lstm"]),
    st.integers(1, 2),
    st.booleans(),
)
def test_padding_is_not_heard(lengths, cell, layers, bidirectional) -> None:
    recurrent = Recurrent(3, d_model=4, layers=layers, cell=cell, bidirectional=bidirectional)
    encoded = torch.randn(len(lengths), 3, max(lengths) + 2)
    batch = recurrent(encoded, torch.tensor(lengths))
    assert batch.shape == (len(lengths), 4, max(lengths) + 2)
    for row, length in enumerate(lengths):
        alone = recurrent(encoded[row : row + 1, :, :length], torch.tensor([length]))
        torch.testing.assert_close(batch[row, :, :length], alone[0])


def test_one_direction_never_hears_the_future() -> None:
    recurrent = Recurrent(3, d_model=4, bidirectional=False)
    encoded, lengths = torch.randn(1, 3, 9), torch.tensor([9])
    changed = encoded.clone()
    changed[:, :, 5:] = 0.0
    assert torch.equal(recurrent(encoded, lengths)[:, :, :5], recurrent(changed, lengths)[:, :, :5])


def test_the_loss_reaches_every_weight() -> None:
    recurrent = Recurrent(3, d_model=4, layers=2, dropout=0.1)
    recurrent(torch.randn(2, 3, 9), torch.tensor([9, 4])).square().sum().backward()
    for name, weight in recurrent.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`d_model` must be even for two directions, not 5$"):
        Recurrent(3, d_model=5)
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        Recurrent(3, layers=0)
    told = r"^`dropout` must be at least 0 and below 1, not 1.0$"
    with pytest.raises(ValueError, match=told):
        Recurrent(3, dropout=1.0)
