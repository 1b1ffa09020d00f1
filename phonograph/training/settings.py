"""The `train` section: optimizer, schedule and Trainer arguments, checked against signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.errors import Diagnostic, Edit, GraphError, Place, nearest
from phonograph.graphs.fixes import deleted, nearest_fix
from phonograph.graphs.left_open import left_open_faults
from phonograph.graphs.parameters import Misfit, convert, is_open
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import GraphSpec
from phonograph.graphs.views import plan_view
from phonograph.training.budget import Budget, read_budget
from phonograph.training.optimizer_choice import OPTIMIZERS, default_rates, optimizer_arguments
from phonograph.training.schedule import Schedule
from phonograph.training.trainer_arguments import OWNED, trainer_arguments
from phonograph.types.kinds import Loss

_ABOVE_ZERO = {"accumulate_grad_batches", "limit_train_batches"}
"""Arguments of the Trainer that train nothing when they are 0."""

_SPAWNS = "phonograph starts the processes itself"
_PICKLES = "no other strategy could go on from a state of this one"
_STRATEGIES = {
    **dict.fromkeys(("ddp_spawn", "ddp_fork", "ddp_notebook"), (_SPAWNS, "ddp")),
    **dict.fromkeys(("fsdp", "fsdp_cpu_offload"), (_PICKLES, "fsdp2")),
}
"""Lightning's names -> why not, and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Args:
        optimizer: name of a class in `torch.optim`, in lower case, or `novograd`.
        rates: arguments of the optimizer.
        schedule: how the learning rate changes.
        trainer: arguments of Lightning's Trainer.
        budget: when training ends.
        seed: makes a training repeatable, at least 0.
        cache: whether a frozen prefix of the graph is computed once.
        threads: processor threads for tensor operations, at least 1; None leaves it to PyTorch.
        monitor: the score that chooses the best checkpoint; None takes the first one.
        ema: decay of the moving average of the weights, in (0, 1); None keeps no average.
        average: how many of the best checkpoints are averaged in the end, at least 2; None
            averages none.
    """

    optimizer: str
    rates: Mapping[str, Any]
    schedule: Schedule
    trainer: Mapping[str, Any]
    budget: Budget
    seed: int
    cache: bool
    threads: int | None
    monitor: str | None
    ema: float | None
    average: int | None


def check_settings(graph: SolvedGraph) -> list[Diagnostic]:
    """Return what is wrong with the `train` section; what is left out or open is not wrong."""
    return check_written(graph.spec, graph)


def check_written(spec: GraphSpec, graph: SolvedGraph | None) -> list[Diagnostic]:
    """Return what is wrong with the `train` section of a graph that may not hold.

    Args:
        spec: the graph as it is written.
        graph: the solved graph; None where it does not hold, so that nobody knows its scores.
    """
    return _Reader(spec, graph).read()[1]


def read_settings(graph: SolvedGraph) -> Settings:
    """Read the `train` section in order to train.

    Raises:
        GraphError: every fault, values that are still `???`, nothing that ends the training.
    """
    reader = _Reader(graph.spec, graph)
    settings, faults = reader.read()
    faults += reader.unready(settings, graph)
    if faults:
        raise GraphError(faults)
    return settings


def settings_so_far(graph: SolvedGraph) -> Settings:
    """Read a checked `train` section, of which parts may be left open, as if they were left out."""
    return _Reader(graph.spec, graph).read()[0]


class _Reader:
    def __init__(self, spec: GraphSpec, graph: SolvedGraph | None) -> None:
        self.graph = graph
        self.document = spec.document
        self.written = spec.train
        self.faults: list[Diagnostic] = []

    def read(self) -> tuple[Settings, list[Diagnostic]]:
        optimizer, rates = self._optimizer()
        schedule = self._schedule(optimizer, rates)
        trainer = self._trainer()
        settings = Settings(
            optimizer=optimizer,
            rates=rates,
            schedule=schedule,
            trainer=trainer,
            budget=self._budget(trainer),
            seed=self._seed(),
            cache=self._value("cache", bool, default=True),
            threads=self._threads(),
            monitor=self._monitor(),
            ema=self._ema(),
            average=self._average(),
        )
        return settings, self.faults

    def unready(self, settings: Settings, graph: SolvedGraph) -> list[Diagnostic]:
        """Return what `check` accepts and training does not."""
        faults = left_open_faults(graph)
        if settings.budget.is_open and not faults:
            message = "nothing ends the training"
            help = "give `max_epochs`, `max_steps` or `max_time` under `train: {trainer: {…}}`"
            place = self.document.key_place("train", "trainer")
            faults.append(Diagnostic("PG064", message, place, help=help))
        return faults

    def _fault(
        self, code: str, message: str, place: Place, help: str = "", fix: Edit | None = None
    ) -> None:
        self.faults.append(Diagnostic(code, message, place, help=help, fix=fix))

    def _section(self, key: str) -> Mapping[str, Any]:
        section = self.written.get(key)
        if section is None or isinstance(section, dict):
            return section or {}
        self._fault("PG062", f"`{key}` must be a mapping", self.document.place("train", key))
        return {}

    def _convert(self, value: Any, annotation: Any, what: str, *trail: str) -> Any:
        """Convert a value, or report it and return None."""
        if is_open(value):
            return None
        found = convert(value, annotation, self.document.folder)
        if isinstance(found, Misfit):
            where = ("train", *trail, *found.trail)
            place = (self.document.key_place if found.key else self.document.place)(*where)
            fix = found.fix(place)
            self._fault("PG062", f"`{what}` {found.message}", place, found.help, fix)
            return None
        return found

    def _value(self, key: str, annotation: Any, default: Any) -> Any:
        if self.written.get(key) is None:
            return default
        found = self._convert(self.written[key], annotation, key, key)
        return default if found is None else found

    def _threads(self) -> int | None:
        threads: int | None = self._value("threads", int, None)
        if threads is not None and threads < 1:
            place = self.document.place("train", "threads")
            self._fault("PG062", "`threads` must be at least 1", place)
        return threads

    def _ema(self) -> float | None:
        decay: float | None = self._value("ema", float, None)
        if decay is not None and not 0 < decay < 1:
            place = self.document.place("train", "ema")
            help = "a usual decay is 0.999; leave it out to keep no average"
            self._fault("PG062", "`ema` must be between 0 and 1", place, help)
        return decay

    def _average(self) -> int | None:
        count: int | None = self._value("average", int, None)
        if count is None:
            return None
        place = self.document.place("train", "average")
        if count < 2:
            self._fault("PG062", "`average` must be at least 2", place)
        elif self.graph is not None and not scores_of(self.graph):
            message = "`average` needs a view `validate` that scores or runs a loss"
            self._fault("PG062", message, place, "delete it, or write such a view")
        return count

    def _seed(self) -> int:
        seed: int = self._value("seed", int, 0)
        if seed < 0:
            self._fault("PG062", "`seed` must be at least 0", self.document.place("train", "seed"))
        return seed

    def _optimizer(self) -> tuple[str, dict[str, Any]]:
        written = self._section("optimizer")
        name = self._convert(written.get("name", "adamw"), str, "name", "optimizer", "name")
        if name not in OPTIMIZERS:
            if name is not None:
                place = self.document.place("train", "optimizer", "name")
                help = nearest(name, list(OPTIMIZERS))
                fix = nearest_fix(place, name, list(OPTIMIZERS))
                self._fault("PG060", f"unknown optimizer `{name}`", place, help, fix)
            return "adamw", {}
        arguments = {key: value for key, value in written.items() if key != "name"}
        rates = self._arguments("optimizer", name, arguments, optimizer_arguments(name))
        if rates.get("lr", 1) <= 0:
            place = self.document.place("train", "optimizer", "lr")
            self._fault("PG062", "`lr` must be above 0", place)
        return name, rates

    def _schedule(self, optimizer: str, rates: Mapping[str, Any]) -> Schedule:
        schedule: Schedule = self._value("schedule", Schedule, Schedule())
        peak = schedule.peak({**default_rates(optimizer), **rates}["lr"])
        if schedule.min_lr > peak:
            place = self.document.place("train", "schedule", "min_lr")
            message = f"`min_lr` is above the highest rate, which is {peak:.3g}"
            self._fault("PG062", message, place, "lower it, or raise `lr` of the optimizer")
        return schedule

    def _trainer(self) -> dict[str, Any]:
        written = dict(self._section("trainer"))
        for name in [name for name in written if name in OWNED]:
            place = self.document.key_place("train", "trainer", name)
            message = f"`{name}` is phonograph's own affair: {OWNED[name]}"
            self._fault("PG063", message, place, "delete it", deleted(place, name))
            del written[name]
        if not written:
            return {}
        strategy = str(written.get("strategy"))
        if strategy in _STRATEGIES:
            place = self.document.place("train", "trainer", "strategy")
            message, better = _STRATEGIES[strategy]
            self._fault("PG063", message, place, f"write `strategy: {better}`")
        arguments = self._arguments("trainer", "Trainer", written, trainer_arguments())
        for name in sorted(_ABOVE_ZERO & arguments.keys()):
            if arguments[name] <= 0:
                place = self.document.place("train", "trainer", name)
                self._fault("PG062", f"`{name}` must be above 0", place)
        return arguments

    def _arguments(
        self, key: str, owner: str, written: Mapping[str, Any], known: Mapping[str, Any]
    ) -> dict[str, Any]:
        arguments = {}
        for name, value in written.items():
            if name not in known:
                place = self.document.key_place("train", key, name)
                help = nearest(name, list(known))
                fix = nearest_fix(place, name, list(known), taken=written)
                self._fault("PG061", f"`{owner}` has no argument `{name}`", place, help, fix)
                continue
            found = self._convert(value, known[name], name, key, name)
            if found is not None:
                arguments[name] = found
        return arguments

    def _budget(self, trainer: dict[str, Any]) -> Budget:
        try:
            return read_budget(trainer)
        except ValueError as error:
            place = self.document.place("train", "trainer", "max_time")
            self._fault("PG062", f"`max_time` {error}", place)
            return Budget(seconds=1.0)

    def _monitor(self) -> str | None:
        name: str | None = self._value("monitor", str, None)
        if name is None or self.graph is None:
            return None
        known = list(scores_of(self.graph))
        if name not in known:
            place = self.document.place("train", "monitor")
            message = f"the view `validate` has no score `{name}`"
            fix = nearest_fix(place, name, known)
            self._fault("PG065", message, place, nearest(name, known), fix)
        return name


def scores_of(graph: SolvedGraph) -> tuple[str, ...]:
    """Return what the `validate` view measures: its metrics, then `loss` if it runs one."""
    if "validate" not in graph.spec.views:
        return ()
    view = plan_view(graph, "validate")
    has_loss = any(isinstance(graph.output(port).kind, Loss) for port in view.outputs)
    return (*view.score, *(["loss"] if has_loss else []))
