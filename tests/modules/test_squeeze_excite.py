"""A gate hears all valid frames of an utterance, and nothing else."""

import pytest
import torch
from torch import nn

from phonograph.modules.squeeze_excite import Excite, SqueezeExcite
from phonograph.modules.time_axis import TimeAxis


def test_the_gate_is_made_of_the_mean_of_the_valid_frames():
    gate = SqueezeExcite(6, Excite(reduction=2), activation=nn.ReLU())
    frames = torch.randn(2, 6, 1, 5)
    mask = TimeAxis.of(torch.tensor([5, 3]), 5).mask
    mean = torch.stack([frames[0].mean(2), frames[1, :, :, :3].mean(2)]).squeeze(2)
    middle = (mean @ gate.reduce.weight.T).relu()
    expected = (middle @ gate.expand.weight.T).sigmoid()
    torch.testing.assert_close(gate(frames, mask), frames * expected[:, :, None, None])


def test_a_window_is_drawn_in_training_only():
    gate = SqueezeExcite(4, Excite(reduction=1, window=2), activation=nn.SiLU())
    frames, mask = torch.randn(1, 4, 1, 30), torch.ones(1, 1, 1, 30, dtype=torch.bool)
    drawn = [gate(frames, mask) for _ in range(10)]
    assert any(not torch.equal(drawn[0], other) for other in drawn)
    gate.eval()
    whole = SqueezeExcite(4, Excite(reduction=1), activation=nn.SiLU())
    whole.load_state_dict(gate.state_dict())
    torch.testing.assert_close(gate(frames, mask), whole(frames, mask))


def test_a_window_that_is_longer_than_the_batch_is_all_of_it():
    gate = SqueezeExcite(4, Excite(reduction=1, window=9), activation=nn.ReLU())
    frames, mask = torch.randn(1, 4, 1, 5), torch.ones(1, 1, 1, 5, dtype=torch.bool)
    torch.testing.assert_close(gate(frames, mask), gate.eval()(frames, mask))


def test_the_mean_keeps_its_digits_in_half_precision():
    gate = SqueezeExcite(1, Excite(reduction=1), activation=nn.Identity())
    nn.init.ones_(gate.reduce.weight)
    nn.init.ones_(gate.expand.weight)
    frames = torch.ones(1, 1, 1, 1000, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        out = gate(frames, torch.ones(1, 1, 1, 1000, dtype=torch.bool))
    assert out.dtype == torch.bfloat16
    expected = torch.tensor(1.0).sigmoid()
    torch.testing.assert_close(out[0, 0, 0, 0].float(), expected, rtol=0.01, atol=0)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`reduction` must be at least 1, not 0$"):
        Excite(reduction=0)
    with pytest.raises(ValueError, match=r"^`window` must be at least 1, not 0$"):
        Excite(window=0)
    with pytest.raises(ValueError, match=r"^`reduction` must be at most 4, the channels, not 8$"):
        SqueezeExcite(4, Excite(), activation=nn.ReLU())
