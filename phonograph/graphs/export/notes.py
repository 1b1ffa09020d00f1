"""What an exported file says about itself, so that a server needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import phonograph
from phonograph.graphs.export.exported_view import ExportedPort, ExportedView
from phonograph.graphs.export.streaming import StreamView
from phonograph.graphs.lock import fingerprint, to_lock
from phonograph.graphs.parameters import to_plain
from phonograph.types.kinds import Scores
from phonograph.types.vocabulary import Vocabulary


def notes_of(view: ExportedView) -> dict[str, str]:
    """Tell where a view comes from, what goes in and out, and how its labels are written.

    Args:
        view: what is exported.

    Returns:
        texts by names that begin with `phonograph.`; all but plain names are JSON. `fingerprint` is
        that of the graph's lock, `sample_rate` is in samples per second, `frame_period` in seconds,
        `blank` a label's number, `vocabulary` what `build_tokenizer` and `Vocabulary` take.
    """
    told: dict[str, Any] = {
        "version": phonograph.__version__,
        "graph": view.graph.name,
        "view": view.view.name,
        "fingerprint": fingerprint(to_lock(view.graph)),
        **dict(_about_data(view)),
        "inputs": [_port(view, port) for port in view.inputs],
        "outputs": [_port(view, port) for port in view.outputs],
        "axes": {letter: str(extent.term) for letter, extent in view.extents.items()},
        "tail": {name: view.graph.nodes[name].declaration.id for name in view.view.tail},
    }
    return {f"phonograph.{name}": _text(value) for name, value in told.items()}


def stream_notes(view: StreamView) -> dict[str, str]:
    """Tell the same of one step of a stream, and how a stream is run.

    Args:
        view: what is exported.

    Returns:
        as above, and `phonograph.stream`: `block` steps go in at a time, after the end up to
        `blocks_after_end` blocks of which none are valid; `start` has what states are at the start
        where that is not 0.
    """
    start = {name: value[0].tolist() for name, value in view.start.items() if value.any()}
    stream = {"block": view.block, "blocks_after_end": view.blocks_after_end, "start": start}
    return {**notes_of(view.step), "phonograph.stream": _text(stream)}


def _about_data(view: ExportedView) -> Iterator[tuple[str, Any]]:
    rates = (view.graph.output(port.port).attributes.get("rate") for port in view.inputs)
    if (rate := next(filter(None, rates), None)) is not None:
        yield "sample_rate", int(rate) if isinstance(rate, Fraction) else rate
    for port in view.outputs:
        if (period := _period(view, port)) is not None:
            yield "frame_period", period
            break
    for port in view.outputs:
        vocabulary = view.graph.output(port.port).attributes.get("vocab")
        if isinstance(port.kind, Scores) and isinstance(vocabulary, Vocabulary):
            yield "vocabulary", to_plain(vocabulary)
            if port.kind.blank == "last":
                yield "blank", vocabulary.size
            break


def _period(view: ExportedView, port: ExportedPort) -> float | None:
    time = view.graph.output(port.port).time
    rate = time.steps_per_second if time else None
    return float(1 / rate) if rate else None


def _port(view: ExportedView, port: ExportedPort) -> dict[str, Any]:
    told = {
        "name": port.name,
        "port": str(port.port),
        "kind": str(port.kind),
        "axes": list(port.axes),
        "counts": port.counts,
        "frame_period": None if "S" in port.axes else _period(view, port),
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
