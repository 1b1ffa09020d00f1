import pytest
import torch
from torch import nn
from torch.nn import functional

from phonograph.graphs.shape_pass import ShapePass, WholeRecurrences, kept_bytes, tensors_in


def on_meta(*shape: int) -> torch.Tensor:
    return torch.empty(*shape, device="meta")


def test_a_convolution_multiplies_its_kernel_once_per_output():
    x, kernel = on_meta(2, 8, 100), on_meta(16, 4, 5)
    with ShapePass([x, kernel]) as counts:
        y = functional.conv1d(x, kernel, groups=2)
    assert y.shape == (2, 16, 96)
    assert counts.multiply_adds == 2 * 96 * 16 * 4 * 5


def test_attention_multiplies_queries_with_keys_and_scores_with_values():
    q, k, v = (on_meta(1, 3, 50, 7) for _ in range(3))
    with ShapePass([q, k, v]) as counts:
        functional.scaled_dot_product_attention(q, k, v)
    assert counts.multiply_adds == 2 * 3 * 50 * 50 * 7


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_recurrent_layer_counts_as_written_down_step_by_step(layer, bidirectional):
    with torch.device("meta"):
        reader = layer(6, 4, num_layers=2, bidirectional=bidirectional, batch_first=True)
    x, weights = on_meta(3, 10, 6), list(reader.parameters())
    with torch.no_grad(), ShapePass([x, *weights]) as steps:
        slowly = reader(x)
    with torch.no_grad(), ShapePass([x, *weights]) as counts, WholeRecurrences(counts):
        quickly = reader(x)
    assert counts.multiply_adds == steps.multiply_adds > 0
    assert [t.shape for t in tensors_in(quickly)] == [t.shape for t in tensors_in(slowly)]


def test_an_lstm_cell_counts_as_its_two_products():
    with torch.device("meta"):
        cell = nn.LSTMCell(6, 4)
    x = on_meta(3, 6)
    with torch.no_grad(), ShapePass([x, *cell.parameters()]) as counts, WholeRecurrences(counts):
        hidden, memory = cell(x)
    assert counts.multiply_adds == 3 * 16 * (6 + 4)
    assert hidden.shape == memory.shape == (3, 4)


def test_memory_is_freed_with_its_tensor_and_views_take_none():
    x = on_meta(10)
    with ShapePass([x]) as counts:
        y = x + 1
        z = y.view(2, 5).t()
        assert counts.live == 40
        del y
        assert counts.live == 40
        del z
        assert (counts.live, counts.peak) == (0, 40)


def test_real_lengths_meet_shapes():
    x, lengths = on_meta(2, 7), torch.tensor([7, 3])
    with ShapePass([x, lengths]):
        steps = int(lengths.max())
        mask = torch.arange(steps, device=lengths.device) < lengths[:, None]
        y = x.masked_fill(~mask, 0.0)
    assert y.is_meta
    assert y.shape == (2, 7)


def test_a_backward_pass_needs_each_tensor_once():
    x, weight = on_meta(5, 8), nn.Parameter(on_meta(8, 8))

    def run() -> torch.Tensor:
        y = (x @ weight).relu()
        return y @ weight + y @ weight

    # the rectified values, and the output; the input and the weight were there already
    assert kept_bytes([x, weight], run) == 2 * 5 * 8 * 4


def test_nothing_is_kept_where_nothing_is_trained():
    x, weight = on_meta(5, 8), on_meta(8, 3)
    assert kept_bytes([x, weight], lambda: (x @ weight).relu()) == 5 * 3 * 4
