"""Steps that float16 leaves out because their gradients overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl

from phonograph.training.lightning_graph import LightningGraph

_LEAST = 1.0
"""A scale below this one does not keep gradients from overflowing: they are not finite at all."""


class LossScale(pl.Callback):
    """Counts the steps that are left out, and stops a training in which none is taken any more.

    With `precision: 16-mixed` losses are scaled up, so that small gradients do not vanish. Where
    they overflow, `torch.amp.GradScaler` leaves out the step and halves the scale.

    Args:
        say: told of the 1st, 2nd, 4th, 8th … step that is left out.

    Attributes:
        left_out: steps that were left out.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._scale = 0.0
        self.left_out = 0

    def state_dict(self) -> dict[str, Any]:
        """Return how many steps were left out."""
        return {"left_out": self.left_out}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.left_out = state_dict["left_out"]

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Look where the scale begins."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        self._scale = scaler.get_scale() if scaler is not None else 0.0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ARG002
        batch: Any,
        *_: Any,
    ) -> None:
        """See whether the scale was lowered.

        Raises:
            DataError: it is so low that the gradients themselves are not finite.
        """
        assert isinstance(pl_module, LightningGraph)
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is None:
            return
        before, self._scale = self._scale, scaler.get_scale()
        if self._scale >= before:
            return
        self.left_out += 1
        if self._scale < _LEAST:
            raise pl_module.failure(batch, pl_module.last_loss)
        if trainer.is_global_zero and self.left_out & (self.left_out - 1) == 0:
            self._say(
                f"warning: step {trainer.global_step} was left out, its gradients overflow in "
                f"float16 ({self.left_out} so far); losses are now scaled by {self._scale:g}"
            )
