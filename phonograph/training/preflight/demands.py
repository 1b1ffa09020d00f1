"""What a graph asks of its data, read off the solved graph without building a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from phonograph.data.tokenizers import Tokenizer
from phonograph.errors import DataError, Diagnostic, GraphError, Place
from phonograph.graphs.left_open import all_left_open, left_open, left_open_faults
from phonograph.graphs.model import build_node
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedNode
from phonograph.types.kinds import LogProbs, Loss, Tokens
from phonograph.types.terms import evaluate, names_in

SPLITS = ("train", "validation", "test")
"""The parts of the data, in the order in which they are told."""


@runtime_checkable
class ManifestLayer(Protocol):
    """A data layer that reads manifests, such as `asr.manifest`."""

    manifests: Mapping[str, Any]
    tokenizer: Tokenizer
    sample_rate: int
    batch_seconds: float


@dataclass(frozen=True, slots=True)
class CtcLimit:
    """How many frames a CTC loss sees of a recording.

    Args:
        node: the loss.
        extent: the valid length of its scores in terms of the samples.
        exact: whether these are the samples that are read, not those that augmentation makes.
    """

    node: str
    extent: Extent
    exact: bool

    def frames(self, samples: int) -> int:
        """Return the valid frames of a recording of so many samples, at least 0."""
        (name,) = names_in(self.extent.term)
        return max(0, int(evaluate(self.extent.term, {name: Fraction(samples)})))


@dataclass(frozen=True, slots=True)
class Demands:
    """What the recordings and transcripts have to be like.

    Args:
        manifests: split -> the manifests it reads.
        left_open: splits whose manifest is still `???`.
        tokenizer: turns transcripts into tokens.
        sample_rate: samples per second that the graph hears.
        resample: whether recordings of another rate are brought to it.
        mix: whether several channels are averaged.
        batch_seconds: what a padded batch may hold.
        limits: one for each CTC loss whose length is known.
    """

    manifests: Mapping[str, tuple[Path, ...]]
    left_open: tuple[str, ...]
    tokenizer: Tokenizer
    sample_rate: int
    resample: bool
    mix: bool
    batch_seconds: float
    limits: tuple[CtcLimit, ...]


def read_demands(graph: SolvedGraph) -> Demands:
    """Ask a solved graph what its data has to be like.

    Args:
        graph: a graph without faults.

    Raises:
        DataError: it reads no manifest.
        GraphError: arguments of the data layer are left open, or refused by it.
    """
    node = next((one for one in graph.nodes.values() if one.declaration.is_source), None)
    if node is None:
        raise DataError(_nothing_to_check(graph, "it has no data layer", "add `asr.manifest`"))
    paths = [one for one in all_left_open(graph) if one.startswith(f"modules.{node.name}.with.")]
    still_open = dict.fromkeys(split for path in paths if (split := _split_of(path, node.name)))
    if any(_split_of(path, node.name) is None for path in paths):
        faults = left_open_faults(graph)
        own = [fault for path, fault in zip(left_open(graph), faults, strict=True) if path in paths]
        raise GraphError(own or faults)  # it may only refer to what is open
    layer = build_node(graph, node)
    if not isinstance(layer, ManifestLayer):
        reason = f"its data layer `{node.declaration.id}` reads none"
        raise DataError(_nothing_to_check(graph, reason, "`--data` is for `asr.manifest`"))
    manifests = {
        split: tuple(_paths(given))
        for split, given in layer.manifests.items()
        if given is not None and split not in still_open
    }
    if not manifests:
        help = f"give one: modules.{node.name}.with.train=path/to/train.jsonl"
        reason = "they are left open (???)" if still_open else "none is given"
        raise DataError(_nothing_to_check(graph, reason, help))
    return Demands(
        manifests=manifests,
        left_open=tuple(still_open),
        tokenizer=layer.tokenizer,
        sample_rate=layer.sample_rate,
        resample=bool(node.parameters.get("resample")),
        mix=bool(node.parameters.get("mix")),
        batch_seconds=layer.batch_seconds,
        limits=tuple(_limits(graph, node)),
    )


def _nothing_to_check(graph: SolvedGraph, reason: str, help_: str) -> Diagnostic:
    message = f"`{graph.name}` names no manifest to check: {reason}"
    return Diagnostic("PD044", message, Place(graph.spec.document.name), help=help_)


def _split_of(path: str, node: str) -> str | None:
    """Return the split whose manifest a path in the graph names."""
    name = path.removeprefix(f"modules.{node}.with.").partition(".")[0]
    return name if name in SPLITS else None


def _paths(given: Any) -> Iterator[Path]:
    """Give the manifests of a split: one, or several of which some have a weight."""
    match given:
        case list() | tuple():
            for one in given:
                yield from _paths(one)
        case {"manifest": path}:
            yield Path(path)
        case str() | Path():
            yield Path(given)
        case _:
            yield Path(given.manifest)


def _limits(graph: SolvedGraph, source: SolvedNode) -> Iterator[CtcLimit]:
    """Find every CTC loss: it takes log-probabilities with a blank, and tokens."""
    for node in graph.nodes.values():
        kinds = {type(port.kind) for port in node.inputs.values()}
        losses = any(isinstance(port.kind, Loss) for port in node.outputs.values())
        if not losses or Tokens not in kinds:
            continue
        for port in node.inputs.values():
            if not isinstance(port.kind, LogProbs) or port.kind.blank == "none":
                continue
            extent = port.time
            if extent is not None and len(names_in(extent.term)) == 1:
                exact = extent.root.partition(".")[0] == source.name
                yield CtcLimit(node.name, extent, exact)
