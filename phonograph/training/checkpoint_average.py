"""The average of the best checkpoints of a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from safetensors.torch import load_file
from torch import Tensor

from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.moving_average import MovingAverage
from phonograph.training.run_directory import RunDirectory
from phonograph.training.sharding import copy_into, is_sharded, made_whole
from phonograph.training.tensor_file import write_tensors


class CheckpointAverage(pl.Callback):
    """Keeps the weights with the best scores and averages them in the end.

    As in the training of the Transformer (Vaswani et al. 2017, sec. 6.1), but of the best instead
    of the last. The run directory holds at most `count` sets of weights for it, one more while a
    set is being written.

    Args:
        run: where the weights go.
        monitor: the score that chooses, lower is better.
        count: how many are averaged, at least 2.
        average: its average is kept instead of the training weights; None where there is none.
        say: told what came out.

    Attributes:
        kept: score and step of the weights that are kept, the best first.
    """

    def __init__(
        self,
        run: RunDirectory,
        monitor: str,
        count: int,
        average: MovingAverage | None,
        say: Callable[[str], None],
    ) -> None:
        self._folder = run.averaged
        self._monitor = monitor
        self._count = count
        self._average = average
        self._say = say
        self._ended = False
        self.kept: list[tuple[float, int]] = []

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Forget weights that an interrupted training had already replaced."""
        self.kept = [(value, step) for value, step in self.kept if self._file(step).exists()]
        if trainer.is_global_zero:
            self._drop_others()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the weights if they are among the best."""
        assert isinstance(pl_module, LightningGraph)
        value, step = pl_module.scores.get(self._monitor, math.inf), trainer.global_step
        if trainer.world_size > 1:  # saving may take all processes, so they decide alike
            value = trainer.strategy.broadcast(value)
        if self._ended or not math.isfinite(value) or any(step == known for _, known in self.kept):
            return
        # of two equal scores the later one is kept
        best = sorted([*self.kept, (value, step)], key=lambda one: (one[0], -one[1]))
        self.kept = best[: self._count]
        first = trainer.is_global_zero
        if (first or is_sharded(pl_module)) and (value, step) in self.kept:
            with self._average.applied(pl_module) if self._average else nullcontext():
                weights = made_whole(pl_module.modules_by_node.state_dict(), keep=first)
                if first:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    write_tensors(self._file(step), weights)
                    self._drop_others()

    def finish(self, trainer: pl.Trainer, module: LightningGraph, best: float) -> None:
        """Validate the average, which makes it the best bundle if its score is lower.

        The average stays in the model.

        Args:
            trainer: validates.
            module: what was trained.
            best: the score of the best bundle, maybe of an average that was made before.
        """
        trainer.strategy.barrier()
        if len(self.kept) < 2:
            if trainer.is_global_zero:
                self._say("fewer than two checkpoints were scored, so none were averaged")
            return
        alone, self._ended = self.kept[0][0], True
        if self._average is not None:
            self._average.end()
        files = [self._file(step) for _, step in self.kept]
        if all(file.exists() for file in files):  # on the first process's disk
            copy_into(module.modules_by_node, mean_weights(files))
        trainer.validate(module, verbose=False)
        value = module.scores[self._monitor]
        steps = ", ".join(str(step) for step in sorted(step for _, step in self.kept))
        verdict = "it is best.phono" if value < best else "best.phono stays as it was"
        if not trainer.is_global_zero:
            return
        self._say(
            f"the average of steps {steps} has {self._monitor} {value:.4f}, "
            f"the best of them {alone:.4f}: {verdict}"
        )

    def state_dict(self) -> dict[str, Any]:
        """Return which weights are kept; they lie in the run directory."""
        return {"kept": [[value, step] for value, step in self.kept]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what `state_dict` gave."""
        self.kept = [(float(value), int(step)) for value, step in state_dict["kept"]]

    def _file(self, step: int) -> Path:
        return self._folder / f"step-{step:08d}.safetensors"

    def _drop_others(self) -> None:
        wanted = {self._file(step) for _, step in self.kept}
        for file in self._folder.glob("step-*.safetensors"):
            if file not in wanted:
                file.unlink()


def mean_weights(files: Sequence[Path]) -> dict[str, Tensor]:
    """Average the weights in files, one file in memory at a time.

    Args:
        files: safetensors with the same names and shapes, at least one.

    Returns:
        The mean of each tensor; numbers that count are those of the first file.
    """
    first = load_file(files[0])
    floating = {name for name, value in first.items() if value.is_floating_point()}
    sums = {name: first[name].double() for name in floating}
    for file in files[1:]:
        for name, value in load_file(file).items():
            if name in floating:
                sums[name] += value
    return first | {name: (sums[name] / len(files)).to(first[name].dtype) for name in floating}
