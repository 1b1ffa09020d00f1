from __future__ import annotations

import torch

from phonograph.modules.mean_pool import MeanPool


def test_the_padding_does_not_count_even_where_it_is_no_number():
    frames, lengths = torch.randn(3, 4, 9), torch.tensor([9, 5, 0])
    spoilt = frames.clone()
    spoilt[1, :, 5:] = float("nan")
    pooled = MeanPool()(spoilt, lengths)
    expected = [frames[0].mean(1), frames[1, :, :5].mean(1), torch.zeros(4)]
    torch.testing.assert_close(pooled[:2], torch.stack(expected[:2]))
    assert pooled.shape == (3, 4)


def test_long_utterances_keep_their_digits_in_half_precision():
    frames = torch.full((1, 1, 5000), 3.0, dtype=torch.bfloat16)
    assert MeanPool()(frames, torch.tensor([5000])).item() == 3.0
