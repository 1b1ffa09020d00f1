"""Lightning's strategy for FSDP2, with states in the one form that all strategies share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.strategies import ModelParallelStrategy
from torch import nn
from torch.distributed import broadcast
from torch.optim import Optimizer
from typing_extensions import override

from phonograph.errors import Diagnostic, GraphError, Place
from phonograph.training.sharding import copy_into, divided_like, made_whole, shard

if TYPE_CHECKING:
    import pytorch_lightning as pl

_DIVIDED = ("DTensor", "placement", "Sharding propagation")
"""Words of PyTorch's complaints about operations that know no divided tensors."""

_HELP = "write `strategy: ddp`, which keeps weights whole, or use another part or optimizer"


class ShardedStrategy(ModelParallelStrategy):
    """Divides weights, gradients and the optimizer's state among all processes (FSDP2).

    Lightning writes such states with pickle. Here they are gathered and given to the `CheckpointIO`
    as those of any other strategy are, so that a training may go on with another strategy.

    Args:
        place: where the strategy is written, for faults.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False)
        self._place = place

    @override
    def setup_environment(self) -> None:
        """Let all processes divide the weights."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def divide(self, root: nn.Module, nodes: Iterable[str], networks: Sequence[nn.Module]) -> None:
        """Divide the weights of every node.

        Args:
            root: owns the nodes.
            nodes: names; those that share another's weights, or have none, do not count.
            networks: nodes that others use without calling them.

        Raises:
            GraphError: a node has weights that cannot be divided.
        """
        children = dict(root.named_modules())
        for name in nodes:
            if name in children:
                node = children[name]
                by_layer = not any(node is network for network in networks)
                try:
                    shard(node, self.device_mesh["data_parallel"], by_layer=by_layer)
                except ValueError as error:
                    message = f"`fsdp2` cannot divide the weights of `{name}`: {error}"
                    raise GraphError(self._fault(message)) from None

    @override
    def optimizer_step(self, *arguments: Any, **named: Any) -> Any:
        """Compute losses and gradients and change the weights.

        Raises:
            GraphError: something in it cannot be done with divided weights.
        """
        with self._telling():
            return super().optimizer_step(*arguments, **named)

    @override
    def validation_step(self, *arguments: Any, **named: Any) -> Any:
        """Score a batch.

        Raises:
            GraphError: something in it cannot be done with divided weights.
        """
        with self._telling():
            return super().validation_step(*arguments, **named)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            if not any(word in str(error) for word in _DIVIDED):
                raise
            reason = str(error).split("\n", 1)[0].split(". ", 1)[0]
            message = f"`fsdp2`: PyTorch cannot compute this with divided weights: {reason}"
            raise GraphError(self._fault(message)) from error

    def _fault(self, message: str) -> Diagnostic:
        return Diagnostic("PT022", message, self._place, help=_HELP)

    @property
    @override
    def lightning_restore_optimizer(self) -> bool:
        """Have Lightning hand over the optimizer's state."""
        return True

    @override
    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Return this process's part of the weights."""
        return _of(self.lightning_module).state_dict()

    @override
    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Return this process's part of the optimizer's state."""
        inner = optimizer.optimizer if isinstance(optimizer, LightningOptimizer) else optimizer
        return inner.state_dict()

    @override
    def save_checkpoint(
        self, checkpoint: dict[str, Any], filepath: str | Path, storage_options: Any = None
    ) -> None:
        """Gather a state in the first process, which writes it."""
        whole = made_whole(checkpoint, keep=self.is_global_zero)
        if self.is_global_zero:
            self.checkpoint_io.save_checkpoint(whole, filepath, storage_options)

    @override
    def on_validation_start(self) -> None:
        """Score with the running statistics of the first process, as DDP does."""
        for statistics in _of(self.lightning_module).buffers():
            broadcast(statistics, src=0)

    @override
    def load_checkpoint(
        self, checkpoint_path: str | Path, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a state, the whole of it in every process."""
        return self.checkpoint_io.load_checkpoint(checkpoint_path, weights_only=weights_only)

    @override
    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        """Take this process's part of the weights."""
        copy_into(_of(self.lightning_module), checkpoint["state_dict"])

    @override
    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Take this process's part of the optimizer's state."""
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            part = {
                number: {name: divided_like(value, weights[number]) for name, value in kept.items()}
                for number, kept in state["state"].items()
            }
            optimizer.load_state_dict({**state, "state": part})


def _of(module: pl.LightningModule | None) -> pl.LightningModule:
    assert module is not None
    return module
