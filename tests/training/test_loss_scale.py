"""Steps that float16 leaves out."""

from typing import Any

import pytest
import torch
from pytorch_lightning.plugins.precision import MixedPrecision

from phonograph.errors import DataError
from phonograph.training.loss_scale import LossScale


class Scaled(MixedPrecision):
    """Scale as for float16, which Lightning does not do on processors, and compute in bf16."""

    def __init__(self, scale: float, finite_after: int) -> None:
        super().__init__("bf16-mixed", "cpu")
        self.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        self.left = finite_after

    def pre_backward(self, tensor: Any, module: Any) -> Any:
        """Let the first losses overflow."""
        self.left -= 1
        return super().pre_backward(tensor * (torch.inf if self.left >= 0 else 1.0), module)


@pytest.fixture
def scaled(train, monkeypatch):
    """Train with a scale, the first gradients of which overflow."""

    def scaling(scale, overflowing, *overrides):
        plugin = Scaled(scale, overflowing)
        connector = "pytorch_lightning.trainer.connectors.accelerator_connector"
        monkeypatch.setattr(
            f"{connector}._AcceleratorConnector._check_and_init_precision", lambda self: plugin
        )
        return train(*overrides)

    return scaling


def test_a_step_that_overflows_is_left_out_and_told_with_its_number(scaled, folder):
    result = scaled(2.0**16, 3)
    assert result.steps == 6
    said = (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in said if "float16" in line] == [
        "warning: step 1 was left out, its gradients overflow in float16 (1 so far); "
        "losses are now scaled by 32768",
        "warning: step 2 was left out, its gradients overflow in float16 (2 so far); "
        "losses are now scaled by 16384",
    ]


def test_a_training_that_takes_no_step_any_more_stops(scaled, folder):
    with pytest.raises(DataError) as caught:
        scaled(4.0, 100)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PT032"
    assert fault.message == "gradients are not finite at step 3, but the loss is"
    assert (folder / "run" / "failed_batch.safetensors").exists()


def test_the_count_goes_on():
    one, other = LossScale(print), LossScale(print)
    one.left_out = 3
    other.load_state_dict(one.state_dict())
    assert other.left_out == 3
