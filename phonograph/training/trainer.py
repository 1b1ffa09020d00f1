"""Lightning's Trainer as phonograph uses it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.strategies import ParallelStrategy

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.run_directory import RunDirectory
from phonograph.training.settings import Settings
from phonograph.training.sharded_strategy import ShardedStrategy
from phonograph.training.state_io import StateIO

if TYPE_CHECKING:
    from pytorch_lightning.plugins.precision import Precision

_UNWANTED = (
    r"GPU available but not used",  # the user chose so in the graph
    r"TPU available but not used",
    r"You're resuming from a checkpoint that ended before the epoch ended",  # ours goes on exactly
    r"FSDP2-wrapped module .* returned a view tensor",  # no node changes what another one gave
    r"Grad strides do not match bucket view strides",  # DDP; some convolutions choose their own
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning 2.6 with torch 2.14
)
"""Starts of warnings that Lightning gives and a user can do nothing about."""

_REFUSALS = (MisconfigurationException, ImportError, ValueError, TypeError, RuntimeError)
"""What Lightning raises for a setting that it cannot use, or not with what is installed."""


def build_trainer(
    graph: SolvedGraph,
    settings: Settings,
    run: RunDirectory,
    callbacks: Sequence[pl.Callback] = (),
) -> pl.Trainer:
    """Make a Trainer that leaves logging, checkpoints and the progress bar to us.

    Args:
        graph: for the place of a refused setting.
        settings: the `train` section.
        run: the run directory.
        callbacks: ours.

    Raises:
        GraphError: Lightning refuses a setting.
    """
    _quieten()
    ours: dict[str, Any] = {
        "callbacks": list(callbacks),
        "default_root_dir": str(run.path),
        "enable_checkpointing": False,
        "enable_model_summary": False,
        "enable_progress_bar": False,
        "logger": False,
        "num_sanity_val_steps": 0,
        "plugins": [StateIO()],
        "use_distributed_sampler": False,
    }
    arguments = {**settings.trainer, **ours}
    if arguments.get("strategy") == "fsdp2":
        place = graph.spec.document.place("train", "trainer", "strategy")
        arguments["strategy"] = ShardedStrategy(place)
    try:
        with without_noise():
            return pl.Trainer(**arguments)
    except _REFUSALS as error:
        place = graph.spec.document.place("train", "trainer")
        message = f"Lightning refuses `trainer`: {' '.join(str(error).split())}"
        raise GraphError(Diagnostic("PT005", message, place)) from None


def plain_precision(precision: str, device: str) -> Precision:
    """Return how Lightning computes with a precision on a device, outside of any training."""
    _quieten()
    kind = torch.device(device).type
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of 16-mixed on a processor, and of devices not used
        trainer = pl.Trainer(
            accelerator=kind,
            devices=1,
            precision=precision,  # type: ignore[arg-type]
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
        )
    return trainer.precision_plugin


@contextmanager
def without_noise() -> Iterator[None]:
    """Keep away the warnings of Lightning that nobody can mend; all others come through."""
    with warnings.catch_warnings():
        for message in _UNWANTED:
            warnings.filterwarnings("ignore", message)
        yield


def processes_to_start(trainer: pl.Trainer) -> int:
    """Return how many processes this one has to start on this machine; 0 when none."""
    strategy = trainer.strategy
    if not isinstance(strategy, ParallelStrategy) or trainer.world_size == 1:
        return 0
    environment = strategy.cluster_environment
    assert environment is not None
    return 0 if environment.creates_processes_externally else trainer.num_devices


def main_port(trainer: pl.Trainer) -> int:
    """Return a port on which the processes can meet."""
    strategy = trainer.strategy
    assert isinstance(strategy, ParallelStrategy)
    assert strategy.cluster_environment is not None
    return strategy.cluster_environment.main_port


def _quieten() -> None:
    """Keep Lightning's announcements to itself; warnings and errors still come through."""
    for name in ("pytorch_lightning", "lightning_fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.WARNING)
