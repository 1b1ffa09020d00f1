"""When outputs that look a little ahead come out."""

import pytest
import torch

from phonograph.modules.sliding_stream import SlidingStream


class Ahead(SlidingStream):
    """Gives of every two steps the one three steps after the first."""

    def __init__(self):
        super().__init__(width=1, stride=2, ahead=3)

    def begun(self, batch, late):
        return torch.zeros(batch, 1, self.lead(late)), ()

    def advanced(self, x, state):
        moment = self.moment(state)
        given = moment.silenced(x[..., 1::2])
        return given, *moment.within(given.shape[-1]), ()


def test_an_output_comes_with_the_last_step_that_it_hears():
    module = Ahead()
    state, given = module.start(1), []
    for step in torch.arange(10.0):
        out, state = module.step(step.view(1, 1, 1), state)
        given.append(out.flatten().tolist())
    assert given == [[], [], [], [3.0], [], [5.0], [], [7.0], [], [9.0]]
    assert module.finish(state).shape == (1, 1, 1)


@pytest.mark.parametrize("late", range(5))
def test_all_has_come_out_so_many_blocks_after_the_end(late):
    module = Ahead()
    for steps in range(1, 6):
        state, found = module.start(1, late), []
        blocks = -(-(steps + late) // 2) + module.blocks_after_end(late)
        for number in range(blocks):
            left = torch.tensor([steps + late - 2 * number]).clamp(0, 2)
            given, before, until, state = module.step_blocks(torch.ones(1, 1, 2), left, state)
            found.append(given[..., int(before) : int(until)])
        assert torch.cat(found, -1).shape[-1] == -(-steps // 2)
