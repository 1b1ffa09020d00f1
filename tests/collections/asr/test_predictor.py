"""What holds of prediction networks, with recurrence and without."""

from __future__ import annotations

import pytest
import torch

from phonograph.collections.asr.predictor import Predictor
from phonograph.collections.asr.stateless_predictor import StatelessPredictor

NETWORKS = [
    Predictor(5, d_model=6),
    Predictor(5, d_model=4, layers=3, dropout=0.2),
    StatelessPredictor(5, d_model=7, context=1),
    StatelessPredictor(5, d_model=9, context=3, norm="layer"),
]


@pytest.fixture(params=range(len(NETWORKS)))
def network(request):
    return NETWORKS[request.param].eval()


@torch.no_grad()
def test_step_by_step_gives_the_whole(network):
    targets = torch.randint(0, 5, (3, 6))
    whole = network(targets, torch.tensor([6, 6, 6]))
    predicted, state = network.start(3)
    columns = [predicted]
    for tokens in targets.T:
        predicted, state = network.step(tokens, state)
        columns.append(predicted)
    torch.testing.assert_close(torch.stack(columns, 2), whole)


@torch.no_grad()
def test_states_of_different_utterances_can_be_picked_apart(network):
    _, state = network.start(2)
    _, state = network.step(torch.tensor([1, 2]), state)
    both, _ = network.step(torch.tensor([3, 4]), state)
    second, _ = network.step(torch.tensor([4]), tuple(part[1:] for part in state))
    torch.testing.assert_close(second, both[1:])


@torch.no_grad()
@pytest.mark.parametrize("padding", [-1, 3, 10**6])
def test_what_lies_past_a_transcript_does_not_matter(network, padding):
    targets = torch.tensor([[0, 1, 2], [3, padding, padding]])
    found = network(targets, torch.tensor([3, 1]))
    alone = network(torch.tensor([[3]]), torch.tensor([1]))
    torch.testing.assert_close(found[1:, :, :2], alone)


@torch.no_grad()
def test_an_empty_transcript_has_the_empty_prefix(network):
    none = torch.zeros(2, 0, dtype=torch.int64)
    found = network(none, torch.tensor([0, 0]))
    torch.testing.assert_close(found[:, :, 0], network.start(2)[0])
    assert found.shape[2] == 1


def test_forget_gates_are_open_at_first():
    lstm = Predictor(3, d_model=2, layers=2).lstm
    for layer in range(2):
        bias = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        assert bias[2:4].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Predictor(3, layers=0), "`layers` must be at least 1, not 0"),
        (lambda: Predictor(3, dropout=1.0), "`dropout` must be at least 0 and below 1, not 1.0"),
    ],
)
def test_numbers_out_of_range_are_refused(build, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        build()
