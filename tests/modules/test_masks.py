"""Masks tell real steps from padding."""

import torch

from phonograph.modules.masks import valid_mask, zero_padding


def test_each_row_is_true_exactly_up_to_its_length() -> None:
    lengths = torch.tensor([0, 1, 5, 7])
    mask = valid_mask(lengths, 7)
    assert mask.dtype == torch.bool
    assert mask.sum(1).tolist() == lengths.tolist()
    assert (mask[:, 1:] <= mask[:, :-1]).all()


def test_a_length_beyond_the_size_marks_every_step() -> None:
    assert valid_mask(torch.tensor([9]), 3).tolist() == [[True, True, True]]


def test_padding_becomes_zero_even_where_it_was_not_a_number() -> None:
    frames = torch.full((2, 3, 4), float("nan"))
    frames[0, :, :2] = 1.0
    frames[1, :, :3] = 2.0
    cleared = zero_padding(frames, torch.tensor([2, 3]))
    assert cleared[0, 0].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert cleared[1, 2].tolist() == [2.0, 2.0, 2.0, 0.0]
