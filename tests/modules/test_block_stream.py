"""Bits of any size become blocks of one size."""

import pytest
import torch
from torch.nn import functional

from phonograph.modules.block_stream import BlockStream
from phonograph.modules.streaming_contract import streaming_faults


class Sums(BlockStream):
    """Adds every three steps and the one after them."""

    stride = block = 3

    def __init__(self, forgets=False):
        super().__init__()
        self.forgets = forgets

    def forward(self, x, lengths):
        x = x.masked_fill(torch.arange(x.shape[1]) >= lengths.unsqueeze(1), 0.0)
        x = functional.pad(x, (0, -x.shape[1] % 3 + 1))
        return x.unfold(1, 4, 3).sum(2), -(-lengths // 3)

    def late(self, late=0):
        return -(-(4 + late) // 3) - 1

    def blocks_after_end(self, late=0):
        return 1

    def begun(self, batch, late):
        position = torch.full((batch,), -self.late(late))
        return torch.zeros(batch, -(4 + late) % 3), (torch.zeros(batch, 1), position)

    def advanced(self, x, state):
        heard, position = state.kept
        every = torch.cat([torch.zeros_like(heard) if self.forgets else heard, x], 1)
        numbers = 3 * position.unsqueeze(1) + torch.arange(every.shape[1])
        inside = (numbers >= 0) & (numbers < state.end.unsqueeze(1))
        size = x.shape[1] // 3
        given = every.masked_fill(~inside, 0.0).unfold(1, 4, 3)[:, :size].sum(2)
        frames = torch.div(state.end + 2, 3, rounding_mode="floor")
        before, until = (-position).clamp(0, size), (frames - position).clamp(0, size)
        return given, before, until, (every[:, -1:], position + size)

    def nothing(self, x):
        return x.new_zeros(len(x), 0)


def faults_of(module):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([17, 1, 6, 9])
    return streaming_faults(module, module, torch.randn(4, 17), lengths, generator)


def test_any_chunking_gives_the_whole():
    assert faults_of(Sums()) == []


def test_what_is_forgotten_is_noticed():
    faults = faults_of(Sums(forgets=True))
    assert len(faults) >= 9
    assert "block by block it gives something else than for the whole" in " ".join(faults)


def test_steps_come_out_as_soon_as_they_are_decided():
    module = Sums()
    state, sizes = module.start(1), []
    for number in range(8):
        given, state = module.step(torch.ones(1, 1), state)
        sizes.append(given.shape[1])
        if given.numel():
            assert given.tolist() == [[4.0]], number
    assert sizes == [0, 0, 0, 1, 0, 0, 1, 0]
    assert module.finish(state).tolist() == [[2.0]]


def test_a_module_that_must_hear_everything_says_why():
    module = Sums()
    module.no_stream = "it adds everything up"
    with pytest.raises(ValueError, match=r"^this module must hear a whole utterance: it adds"):
        module.start(1)
