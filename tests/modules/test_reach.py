"""What a filter hears of a stream is what it hears of the whole."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from phonograph.modules.moment import Moment
from phonograph.modules.reach import Reach

REACHES = st.builds(Reach, st.integers(0, 4), st.integers(0, 4), st.integers(1, 3))


def whole(reach, x):
    size = -(-x.shape[1] // reach.stride)
    padded = functional.pad(x, (reach.before, reach.after + reach.stride))
    return sums(reach, padded, size)


def sums(reach, x, size):
    span = reach.before + reach.after + 1
    weights = torch.arange(1.0, span + 1)
    return (x.unfold(1, span, reach.stride)[:, :size] * weights).sum(2)


@given(st.lists(REACHES, min_size=1, max_size=3), st.integers(1, 12), st.integers(1, 3))
def test_filters_one_after_another_give_the_whole_bit_by_bit(reaches, steps, blocks):
    x = torch.randn(1, steps)
    expected, ahead, stride = x, 0, 1
    for reach in reaches:
        expected = whole(reach, expected)
        ahead += stride * reach.after
        stride *= reach.stride
    size, lead = stride * blocks, -(ahead + 1) % stride
    longer = functional.pad(x, (lead, ahead + size + stride))
    kept = [torch.zeros(1, reach.again) for reach in reaches]
    end, found = torch.tensor([steps]), []
    for first in range(0, longer.shape[1] - size + 1, size):
        given, moment = longer[:, first : first + size], Moment(torch.tensor([first - lead]), end)
        for place, reach in enumerate(reaches):
            count = given.shape[1] // reach.stride
            heard, kept[place], moment = reach.heard(moment.silenced(given), kept[place], moment)
            given = sums(reach, heard, count)
            assert given.shape[1] == count
        before, until = moment.within(given.shape[1])
        found.append(given[:, int(before) : int(until)])
    torch.testing.assert_close(torch.cat(found, 1), expected, rtol=1e-4, atol=1e-3)
