from __future__ import annotations

import pytest
import torch

from phonograph.modules.joint_hidden import JointHidden


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_every_pair_is_the_activated_sum_of_its_projections(activation):
    hidden = JointHidden(3, 2, d_model=4, activation=activation)
    encoded, predicted = torch.randn(2, 3, 5), torch.randn(2, 2, 6)
    found = hidden(encoded, predicted)
    one = hidden.encoded(encoded[1, :, 4]) + hidden.predicted(predicted[1, :, 2])
    torch.testing.assert_close(found[1, 4, 2], getattr(torch, activation)(one))


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match=r"^`pred_in` must be at least 1, not 0$"):
        JointHidden(3, 0, d_model=4)
