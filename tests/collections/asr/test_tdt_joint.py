from __future__ import annotations

import pytest
import torch

from phonograph.collections.asr.joint import Joint
from phonograph.collections.asr.tdt_joint import TdtJoint


def test_it_scores_tokens_as_a_plain_joint_network_does():
    plain, joint = Joint(3, 2, 4, d_model=5), TdtJoint(3, 2, 4, d_model=5, durations=(0, 2))
    plain.load_state_dict(joint.state_dict(), strict=False)
    encoded, predicted = torch.randn(2, 3, 6), torch.randn(2, 2, 4)
    logits, durations, jumps = joint(encoded, predicted)
    torch.testing.assert_close(plain(encoded, predicted), logits)
    assert durations.shape == (2, 6, 4, 2)
    assert jumps.tolist() == [0, 2]


@pytest.mark.parametrize("durations", [(), (0,), (1, 1)])
def test_durations_that_lead_nowhere_are_refused(durations):
    message = r"^`durations` must be different, and one above 0, not \["
    with pytest.raises(ValueError, match=message):
        TdtJoint(3, 2, 4, durations=durations)


def test_a_duration_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"^`durations\[1\]` must be at least 0, not -1$"):
        TdtJoint(3, 2, 4, durations=(1, -1))
