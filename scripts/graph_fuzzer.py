"""The verdict on an edited graph: it runs, or it is told what is wrong; soon, in little memory."""

from __future__ import annotations

import contextlib
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graph_edits import FOLDER, REGISTRY, Case
from phonograph.collections.recipes import locate
from phonograph.errors import DataError, PhonographError
from phonograph.graphs.check import check_graph
from phonograph.graphs.model import Model, build, is_waiting, sketch
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.types.equalities import size_of
from phonograph.types.kinds import Id, Kind, Lengths, LogProbs, Loss, Mask, Text, Tokens
from phonograph.types.terms import axis_in, evaluate

SECONDS = 5.0
MEBIBYTES = 700
LENGTHS = {"S": (6400, 4800), "T": (40, 30), "L": (4, 3), "U": (4, 3)}
MOST_ELEMENTS = 1 << 21
MOST_WEIGHTS = 1 << 22


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case.

    Args:
        outcome: `runs`, `holds` where it was not run, `told`, or `failed`.
        codes: of the diagnostics.
        seconds: of the processor.
        error: the traceback of a failure.
    """

    outcome: str
    codes: tuple[str, ...]
    seconds: float
    error: str = ""


class TooSlowError(BaseException):
    """The time of a case is over; no handler of ordinary errors catches it."""


def judge(case: Case, folder: Path) -> Verdict:
    """Check a case, and run every view of what holds, within bounds of time and memory.

    Args:
        case: the edited graph.
        folder: where the files are written.
    """
    path = lay_out(case, folder)
    before, started = _peak(), time.process_time()
    outcome, error = "failed", ""
    codes: tuple[str, ...] = ()
    try:
        with _at_most(SECONDS):
            outcome, codes = _outcome(path, case.overrides)
    except (Exception, TooSlowError, RecursionError):  # noqa: BLE001 - this is what is looked for
        error = traceback.format_exc()
    grown = _peak() - before
    if not error and grown > MEBIBYTES:
        outcome, error = "failed", f"the process grew by {grown:.0f} MiB"
    return Verdict(outcome, codes, time.process_time() - started, error)


def lay_out(case: Case, folder: Path) -> Path:
    """Write the files of a case, and return that of the graph."""
    (folder / "files").mkdir(exist_ok=True)
    for file in FOLDER.glob("files/*"):
        (folder / "files" / file.name).write_bytes(file.read_bytes())
    path = folder / "graph.yaml"
    path.write_bytes(case.content)
    if case.file:
        path.write_bytes((FOLDER / f"{case.base}.yaml").read_bytes())
        (folder / case.file).write_bytes(case.content)
    return path


def _outcome(path: Path, overrides: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    checked = check_graph(
        path, overrides, REGISTRY, name="graph.yaml", metrics=["wer", "cer"], locate=locate
    )
    for fault in checked.faults:
        assert fault.code.startswith("PG"), fault
        assert fault.place is not None, fault
        assert str(fault).count("\n") < 40, fault
        fault.to_json()
    if checked.graph is None:
        assert checked.faults
        return "told", tuple(fault.code for fault in checked.faults)
    assert not checked.faults
    graph = checked.graph
    if any(map(is_waiting, graph.nodes.values())) or not _is_small(graph):
        return "holds", ()
    torch.manual_seed(0)
    try:
        run_views(graph, build(graph))
    except DataError as error:  # such as a folder that is not there, which only running sees
        return "told", tuple(fault.code for fault in error.diagnostics)
    return "runs", ()


def _is_small(graph: SolvedGraph) -> bool:
    """Whether a batch is small enough to be run, and long enough to have frames."""
    ports = [
        port
        for node in graph.nodes.values()
        for port in (*node.inputs.values(), *node.outputs.values())
    ]
    for port in ports:
        elements = 1
        for size in port.sizes:
            shortest, longest = _range(size)
            if shortest < 1:
                return False
            elements *= longest
        if elements > MOST_ELEMENTS:
            return False
    made = sketch(graph).module
    weights = [*made.parameters(), *made.buffers()]
    return sum(weight.numel() for weight in weights) <= MOST_WEIGHTS


def _range(size: object) -> tuple[int, int]:
    if isinstance(size, Extent):
        steps = _steps(size)
        return min(steps), max(steps)
    return (size, size) if isinstance(size, int) else (2, 2)


def _steps(extent: Extent) -> list[int]:
    """Return the lengths of both utterances along an axis."""
    axis = axis_in(extent.term)
    root = LENGTHS[(axis or "T")[0]]
    return [int(evaluate(extent.term, {axis: length} if axis else {})) for length in root]


def run_views(graph: SolvedGraph, model: Model) -> None:
    """Run one batch of every view, and train a step of `train`."""
    for name in graph.spec.views:
        training = name == "train"
        model.module.train(training)
        view = model.view(name)
        given = {port: _value(graph, port) for port in view.view.inputs}
        with contextlib.nullcontext() if training else torch.no_grad():
            results = view(given)
        for port in view.view.outputs:
            solved = graph.output(port)
            if isinstance(solved.kind, Loss):
                loss = results[port]
                assert loss.isfinite().all(), f"the loss of `{name}` is {loss}"
                if training and loss.requires_grad:
                    loss.sum().backward()
            elif isinstance(results[port], torch.Tensor):
                _compare(name, port, solved, results[port])


def _compare(view: str, port: PortName, solved: SolvedPort, value: torch.Tensor) -> None:
    """A tensor has the shape that was solved, and at least the frames that were promised."""
    for size, real in zip(solved.sizes, value.shape, strict=True):
        if isinstance(size, Extent):
            assert real >= max(_steps(size)), f"{view}: {port} is {list(value.shape)}: {solved}"
        elif isinstance(size, int):
            assert real == size, f"{view}: {port} is {list(value.shape)}, not {solved}"


def _value(graph: SolvedGraph, port: PortName) -> Any:
    """Return a random value for a port that a view is given."""
    solved = graph.output(port)
    shape = [_range(size)[1] for size in solved.sizes]
    kind: Kind = solved.kind
    match kind:
        case Text():
            return ["a b", "ba"]
        case Id():
            return ["one", "two"]
        case Lengths():
            return torch.tensor(_steps(graph.counted[port]))
        case Tokens():
            return torch.randint(int(size_of(solved.attributes["vocab"])), shape)
        case LogProbs():
            return torch.randn(shape).log_softmax(-1)
        case Mask():
            return torch.ones(shape, dtype=torch.bool)
    if kind.host:
        raise PhonographError([])
    return torch.randn(shape) * 0.1


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Stop what takes more seconds of the processor."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
