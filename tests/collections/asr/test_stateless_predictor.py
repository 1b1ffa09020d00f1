from __future__ import annotations

import pytest
import torch

from phonograph.collections.asr.stateless_predictor import StatelessPredictor


def test_the_last_token_has_most_of_the_width():
    network = StatelessPredictor(3, d_model=200, context=2)
    assert [embedding.embedding_dim for embedding in network.embeddings] == [150, 50]


def test_only_the_last_tokens_count_without_recurrence():
    network = StatelessPredictor(5, d_model=8, context=2).eval()
    found = network(torch.tensor([[0, 1, 2], [4, 1, 2]]), torch.tensor([3, 3]))
    assert torch.equal(found[0, :, 3], found[1, :, 3])
    assert not torch.equal(found[0, :, 2], found[1, :, 2])


def test_a_result_too_narrow_for_its_context_is_refused():
    with pytest.raises(ValueError, match=r"^`d_model` must be at least 6, not 5$"):
        StatelessPredictor(3, d_model=5, context=3)
