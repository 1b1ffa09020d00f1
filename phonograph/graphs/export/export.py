"""Export a view: write it, run what was written, and keep the file only when both agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor

from phonograph.errors import Diagnostic, GraphError, MissingExtraError
from phonograph.graphs.export.comparison import Comparison, Difference, Runner, compare
from phonograph.graphs.export.examples import example
from phonograph.graphs.export.exported_view import ExportedView, exported_view
from phonograph.graphs.export.notes import notes_of, stream_notes
from phonograph.graphs.export.program import trace
from phonograph.graphs.export.quiet import quiet
from phonograph.graphs.export.stream_comparison import compare_stream
from phonograph.graphs.export.streaming import stream_view
from phonograph.graphs.model import Model
from phonograph.whole_file import whole_file

_NEEDED = ("onnx", "onnxscript", "onnxruntime")

_SECONDS = (1.13, 0.87)
"""Of the utterances that a view is traced with."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be written, and how it is checked.

    Args:
        view: what is written down.
        example: of its inputs.
        notes: what the file says about itself.
        compare: holds what runs the file against the view.
        states: what goes in and comes out again, from step to step.
    """

    view: ExportedView
    example: Mapping[str, Tensor]
    notes: Mapping[str, str]
    compare: Callable[[Runner], Comparison]
    states: tuple[str, ...] = ()

    @property
    def taken(self) -> tuple[str, ...]:
        """What goes in, but for states, as `audio [B, S]`."""
        return tuple(str(port) for port in self.view.inputs if port.name not in self.states)

    @property
    def told(self) -> tuple[str, ...]:
        """What comes out, but for states."""
        return tuple(str(port) for port in self.view.outputs if port.name not in self.states)


Writer = Callable[[Work, Path], Runner]
"""Writes to a path, and returns what runs the file."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported.

    Args:
        path: the file.
        size: its bytes.
        seconds: how long it took.
        inputs: what it takes, as `audio [B, S]`.
        outputs: what it gives.
        states: how many further tensors go from each step of a stream into the next.
        comparison: the file against the view.
        notes: what the file says about itself.
    """

    path: Path
    size: int
    seconds: float
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    states: int
    comparison: Comparison
    notes: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "path": str(self.path),
            "bytes": self.size,
            "seconds": round(self.seconds, 2),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "states": self.states,
            "comparison": self.comparison.to_json(),
            "notes": dict(self.notes),
        }


def export_view(
    model: Model,
    name: str,
    path: Path,
    *,
    run: Sequence[str] = (),
    streaming: bool = False,
    progress: Callable[[str], None] | None = None,
) -> ExportReport:
    """Write a view as one file that runs without phonograph, front end included.

    The batch and the time axes stay free. The file stands under its name only after it gave the
    same as the view, to 1e-4, for three lengths and for a padded batch. One for streaming takes one
    block at a time and all that its modules keep, see `StreamView`; block after block it must give
    the same.

    Args:
        model: a built graph with its weights; it is put into evaluation mode.
        name: the view.
        path: where it goes, ending in `.onnx` or `.pt2`; what stands there is replaced.
        run: ports to compute instead of the view's, such as `encoder.encoded`.
        streaming: whether to write one step of a stream.
        progress: is told what is being done.

    Returns:
        what was written and how it compares.

    Raises:
        MissingExtraError: PE010, a package for `.onnx` is not installed.
        GraphError: the view cannot be exported, with every reason known; or the file does not agree
            with the view, and is gone.
        ValueError: the path ends in something else.
    """
    if path.suffix not in WRITERS:
        raise ValueError(f"`path` must end in {' or '.join(WRITERS)}, not `{path.suffix}`")
    if path.suffix == ".onnx":
        _check_packages()
    tell = progress or _keep_quiet
    started = time.monotonic()
    model.module.eval()
    work = (_stream_work if streaming else _work)(model, name, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        tell(f"writing the view `{name}`")
        runner = WRITERS[path.suffix](work, temporary)
        tell("comparing the file with the view")
        comparison = _checked(work, runner)
    return ExportReport(
        path=path,
        size=path.stat().st_size,
        seconds=time.monotonic() - started,
        inputs=work.taken,
        outputs=work.told,
        states=sum(port.name in work.states for port in work.view.inputs),
        comparison=comparison,
        notes=work.notes,
    )


def _work(model: Model, name: str, run: Sequence[str]) -> Work:
    view = exported_view(model, name, run)
    return Work(view, example(view, _SECONDS), notes_of(view), partial(compare, view))


def _stream_work(model: Model, name: str, run: Sequence[str]) -> Work:
    view = stream_view(model, name, run)
    check = partial(compare_stream, view)
    return Work(view.step, view.example(), stream_notes(view), check, view.state_names)


def _onnx(work: Work, path: Path) -> Runner:
    with quiet():  # importing them warns, too
        from phonograph.graphs.export.onnx_file import OnnxRunner, size_fault, write_onnx
    fault = size_fault(work.view)
    if fault is not None:
        raise GraphError(fault)
    write_onnx(work.view, trace(work.view, work.example), work.notes, path)
    return OnnxRunner(path)


def _pt2(work: Work, path: Path) -> Runner:
    from phonograph.graphs.export.pt2_file import Pt2Runner, write_pt2

    write_pt2(trace(work.view, work.example), work.notes, path)
    return Pt2Runner(path)


WRITERS: Mapping[str, Writer] = {".onnx": _onnx, ".pt2": _pt2}
"""Ending of the file -> what writes it."""


def _keep_quiet(line: str) -> None:
    """Take a line of progress that nobody wants."""


def _check_packages() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        message = f"to write ONNX, {', '.join(f'`{name}`' for name in missing)} must be installed"
        help = 'pip install "phonograph[export]"'
        raise MissingExtraError(Diagnostic("PE010", message, help=help))


def _checked(work: Work, run: Runner) -> Comparison:
    try:
        comparison = work.compare(run)
    except Exception as error:
        cause = str(error).strip().partition("\n")[0]
        message = "the exported file cannot be run, so it was not kept"
        raise GraphError(Diagnostic("PE009", message, causes=(cause,))) from error
    if comparison.wrong:
        message = "the exported file does not agree with the view, so it was not kept"
        causes = tuple(map(_told, comparison.wrong))
        raise GraphError(Diagnostic("PE008", message, causes=causes))
    return comparison


def _told(difference: Difference) -> str:
    seconds = " and ".join(f"{one:g} s" for one in difference.seconds)
    far = ", ".join(f"{name} by {value:.2g}" for name, value in difference.largest.items())
    return f"{seconds}: {far}"
