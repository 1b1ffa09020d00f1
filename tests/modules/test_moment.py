"""Where the steps of a stream stand."""

import torch

from phonograph.modules.moment import Moment


def test_only_valid_steps_are_kept():
    x = torch.full((2, 3, 1, 4), torch.nan)
    x[0, ..., 1:3], x[1, ..., :1] = 1.0, 2.0
    silenced = Moment(torch.tensor([-1, 5]), torch.tensor([2, 6])).silenced(x)
    assert silenced[0, 0].tolist() == [[0.0, 1.0, 1.0, 0.0]]
    assert silenced[1, 2].tolist() == [[2.0, 0.0, 0.0, 0.0]]


def test_steps_are_counted_within_a_block_only():
    before, until = Moment(torch.tensor([-9, -1, 3, 9]), torch.tensor([8, 8, 5, 5])).within(4)
    assert before.tolist() == [4, 1, 0, 0]
    assert until.tolist() == [4, 4, 2, 0]
