"""Try a training out: one batch of every view, real data, nothing written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from phonograph.data.faults import data_error
from phonograph.errors import DataError, Diagnostic, GraphError, PhonographError
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.cached_prefix import Place
from phonograph.training.job import threads
from phonograph.training.process_kept import process_kept
from phonograph.training.run_directory import RunDirectory
from phonograph.training.scoring import Metrics
from phonograph.training.settings import Settings, read_settings
from phonograph.training.split import open_split
from phonograph.training.starting_point import check_trainable, starting_point
from phonograph.training.train_trial import Memory, TrainTrial, try_training
from phonograph.training.trainer import build_trainer
from phonograph.training.training_time import Estimate, Measured, estimate_time
from phonograph.training.trial import Batched, Runner, Trial, deal, total_seconds, try_view
from phonograph.types.registry import Registry

Say = Callable[[str], None]

_FULL = ("not enough memory", "can't allocate memory", "out of memory")
"""What torch says of a processor's memory, for which it has no class of errors."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What trying a training out gave.

    Args:
        device: where was computed.
        processes: how many training would use; one was tried.
        trials: one for each view that could be run.
        skipped: view -> why it was not run.
        memory: what training holds.
        time: what training will take, an estimate.
        timed: batches that the estimate comes from.
        prefix: nodes that training computes once.
        faults: losses that are not finite.
    """

    device: str
    processes: int
    trials: tuple[Trial, ...]
    skipped: Mapping[str, str]
    memory: Memory
    time: Estimate
    timed: int
    prefix: tuple[str, ...]
    faults: tuple[Diagnostic, ...]


@process_kept()
def dry_run(graph: SolvedGraph, registry: Registry, *, metrics: Metrics, say: Say) -> DryRun:
    """Build a graph, load its checkpoint, and run one batch of every view.

    The view `train` is run forward and backward, with steps of the optimizer; afterwards the
    weights are thrown away.

    Args:
        graph: a graph without faults.
        registry: the modules that may be named.
        metrics: name -> how to score; has every name that a view scores.
        say: told what was loaded and what is frozen.

    Raises:
        GraphError: the graph cannot be trained, or a setting is at fault.
        DataError: a manifest, a recording or a transcript is at fault.
        BundleError: the checkpoint to start from cannot be read.
        PhonographError: a batch does not fit into memory.
    """
    faults = check_trainable(graph)
    if faults:
        raise GraphError(faults)
    settings = read_settings(graph)
    trainer = build_trainer(graph, settings, RunDirectory(Path()))
    with threads(settings.threads):
        model = starting_point(graph, registry, seed=settings.seed, say=say)
        data, skipped = _open(model, settings, trainer.world_size)
        device = trainer.strategy.root_device
        place = Place(Path(), device, trainer.precision_plugin.forward_context)
        model.module = trainer.precision_plugin.convert_module(model.module).to(device)
        with _enough_memory(data):
            training = try_training(model, data["train"], place, settings)
            trials, skipped_too, validation = _others(model, data, skipped, place, metrics)
    measured = _measured(data, training, validation)
    return DryRun(
        device=str(device),
        processes=trainer.world_size,
        trials=(training.trial, *trials),
        skipped={**skipped, **skipped_too},
        memory=training.memory,
        time=estimate_time(measured, settings.budget, settings.trainer),
        timed=training.timed,
        prefix=training.prefix,
        faults=training.faults,
    )


def _open(
    model: Model, settings: Settings, world: int
) -> tuple[dict[str, Batched], dict[str, str]]:
    """Open and read what every view with data needs; all that is wrong with it is told at once."""
    node = model.data_node
    assert node is not None
    manifests = model.modules[node.name].manifests
    data: dict[str, Batched] = {}
    skipped: dict[str, str] = {}
    faults: dict[Diagnostic, None] = {}
    for view, spec in model.graph.spec.views.items():
        if spec.split is None or spec.feed:
            continue
        if view != "train" and manifests[spec.split] is None:
            skipped[view] = f"no {spec.split} manifest is given"
            continue
        try:
            split = open_split(model, view)
            data[view] = deal(split, training=view == "train", seed=settings.seed, world=world)
        except DataError as error:
            faults.update(dict.fromkeys(error.diagnostics))
    if faults:
        raise data_error(list(faults))
    return data, skipped


def _others(
    model: Model,
    data: Mapping[str, Batched],
    skipped: Mapping[str, str],
    place: Place,
    metrics: Metrics,
) -> tuple[list[Trial], dict[str, str], Runner | None]:
    """Try every view but `train`; those that are fed get recordings of another view."""
    apart = model.graph.spec.train.get("cache") is not False
    trials, more_skipped, validation = [], {}, None
    lent = data.get("validate") or data["train"]
    for view in model.graph.spec.views:
        if view == "train" or view in skipped:
            continue
        batched = data.get(view, lent)
        wanted = (*model.graph.spec.views[view].feed, *model.plan(view).inputs)
        lacking = [port for port in wanted if port not in batched.loaded[0].values]
        if lacking:
            more_skipped[view] = f"no data gives `{lacking[0]}`, with which it is fed"
            continue
        runner = Runner(model, view, place, apart=apart and view == "validate")
        trials.append(try_view(runner, batched, metrics, fed=view not in data))
        validation = runner if view == "validate" else validation
    return trials, more_skipped, validation


def _measured(
    data: Mapping[str, Batched], training: TrainTrial, validation: Runner | None
) -> Measured:
    """Go from the seconds of a few batches to those of an epoch, by the audio in them."""
    train = data["train"]
    epoch = training.step_rate * train.padded_seconds
    prefix = training.prefix_rate * total_seconds(train.split)
    validating = 0.0
    if validation is not None and "validate" in data:
        validating = validation.rate * data["validate"].padded_seconds
        prefix += validation.prefix_rate * total_seconds(data["validate"].split)
    return Measured(
        batches=train.batches,
        epoch_seconds=epoch,
        validation_seconds=validating,
        prefix_seconds=prefix,
    )


@contextmanager
def _enough_memory(data: Mapping[str, Batched]) -> Iterator[None]:
    """Tell that the memory was full, and what would make it enough."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        full = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not full and not any(words in str(error) for words in _FULL):
            raise
        batch = data["train"].loaded[0]
        message = (
            f"the longest batch does not fit into memory: {len(batch.durations)} utterances of up "
            f"to {max(batch.durations):.1f} s"
        )
        split = data["train"].split
        help = f"lower `batch_seconds` of the data layer, now {split.batch_seconds:g}"
        raise PhonographError(Diagnostic("PT008", message, help=help)) from None
