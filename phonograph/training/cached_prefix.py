"""Compute the frozen, deterministic prefix of a view once per utterance."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from phonograph.counted import counted
from phonograph.data.batching import evaluation_batches
from phonograph.data.loader import Loader
from phonograph.errors import DataError, Diagnostic
from phonograph.graphs.model import Model
from phonograph.graphs.prefix import Prefix, find_prefix
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import lengths_of
from phonograph.training.split import PortBatch, Split, id_port, ignore, to_device
from phonograph.training.tensor_store import TensorStore
from phonograph.types.terms import axis_in, evaluate

MEMORY = 1 << 30
"""Bytes of a split that are kept in memory; the rest lies in the run directory."""

_ITEM_BYTES = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a prefix is computed and kept.

    Args:
        folder: for what memory has no room for.
        device: where to compute.
        precision: gives the context in which to compute, such as autocast.
        memory: bytes to keep in memory, at least 0.
    """

    folder: Path
    device: torch.device
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext
    memory: int = MEMORY


class CachedItems:
    """What goes on after the prefix, by utterance: a dataset of values by port.

    Args:
        durations: seconds of each utterance.
        store: the tensors of each utterance, in the order of `ports`.
        ports: which port each tensor belongs to.
        texts: values that are no tensors, by port and utterance.
        unusable: why there is nothing of an utterance, by utterance.
    """

    def __init__(
        self,
        durations: Sequence[float],
        store: TensorStore,
        ports: tuple[PortName, ...],
        texts: Mapping[PortName, Mapping[int, Any]],
        unusable: Mapping[int, tuple[Diagnostic, ...]],
    ) -> None:
        self.durations = durations
        self.store = store
        self.ports = ports
        self.texts = texts
        self.unusable = unusable

    def __len__(self) -> int:
        return len(self.durations)

    def __getitem__(self, index: int) -> dict[PortName, Any]:
        """Return the values of one utterance, without padding.

        Raises:
            DataError: it could not be read.
        """
        if index in self.unusable:
            raise DataError(self.unusable[index])
        item: dict[PortName, Any] = dict(zip(self.ports, self.store.get(index), strict=True))
        return {**item, **{port: values[index] for port, values in self.texts.items()}}


def cache_prefix(
    model: Model, view_name: str, split: Split, place: Place, say: Callable[[str], None]
) -> CachedItems | None:
    """Compute the prefix of a view for every utterance, if it has one and the disk has room.

    Args:
        model: the built graph, its frozen weights loaded.
        view_name: the view that reads the split.
        split: the view with its data.
        place: where to compute and keep.
        say: told what is done, or why nothing is.
    """
    prefix = find_prefix(model, view_name)
    if prefix is None:
        return None
    needed = estimated_bytes(model.graph, prefix.boundary, split.dataset.durations)
    free = _free_bytes(place.folder)
    nodes = ", ".join(f"`{name}`" for name in prefix.nodes)
    if needed - place.memory > free // 2:
        say(
            f"{nodes} would take {_size(needed)} to keep for {split.name}, and {place.folder} has "
            f"{_size(free)} free: they are computed in every epoch"
        )
        return None
    count = len(split.dataset)
    say(f"computing {nodes} once for {counted(count, 'utterance')} of {split.name}")
    start = time.monotonic()
    items = _fill(model, prefix, split, place)
    sizes = {"in memory": items.store.bytes_in_memory, "on disk": items.store.bytes_in_file}
    stored = [f"{_size(size)} {where}" for where, size in sizes.items() if size]
    seconds = time.monotonic() - start
    say(f"kept {' and '.join(stored)} ({seconds:.1f} s)")
    return items


def after_prefix(model: Model, view_name: str, split: Split, items: CachedItems | None) -> Split:
    """Go on from what was computed once.

    Args:
        model: the built graph.
        view_name: the view that was cut.
        split: the view with its data.
        items: what `cache_prefix` gave; None leaves the split as it is.
    """
    prefix = find_prefix(model, view_name)
    if prefix is None or items is None:
        return split
    return replace(
        split,
        view=model.compile(prefix.rest),
        dataset=items,
        collate=collate_ports,
        workers=0,  # what lies in memory needs nobody to read ahead
    )


def collate_ports(items: Sequence[Mapping[PortName, Any]]) -> PortBatch:
    """Put items side by side: tensors padded with zeros, other values in lists."""
    return {
        port: _pad([item[port] for item in items])
        if isinstance(items[0][port], Tensor)
        else [item[port] for item in items]
        for port in items[0]
    }


def estimated_bytes(
    graph: SolvedGraph, ports: Iterable[PortName], durations: Sequence[float]
) -> int:
    """Estimate how much the tensors of some ports take for utterances of so many seconds."""
    mean = sum(durations) / max(1, len(durations))
    return len(durations) * sum(_port_bytes(graph.output(port), mean) for port in ports)


def _port_bytes(port: SolvedPort, seconds: float) -> int:
    size = _ITEM_BYTES
    for axis in port.sizes:
        if isinstance(axis, int):
            size *= axis
        elif isinstance(axis, Extent) and axis.rate is not None:
            root = axis_in(axis.term)
            steps = evaluate(axis.term, {root: round(seconds * axis.rate)}) if root else 1
            size *= max(0, int(steps))
    return size


def _fill(model: Model, prefix: Prefix, split: Split, place: Place) -> CachedItems:
    graph = model.graph
    given = [port for port in prefix.rest.inputs if port not in prefix.boundary]
    named = id_port(graph)
    kept = tuple(dict.fromkeys([*prefix.boundary, *given, *([named] if named else [])]))
    tensors = tuple(port for port in kept if not graph.output(port).kind.host)
    texts: dict[PortName, dict[int, Any]] = {port: {} for port in kept if port not in tensors}
    store = TensorStore(place.folder / f"{split.name}.bin", memory=place.memory)
    unusable: dict[int, tuple[Diagnostic, ...]] = {}
    for members, values in _values(model, prefix, split, place, unusable):
        for row, number in enumerate(members):
            store.put(number, [_row(graph, values, port, row) for port in tensors])
            for port, column in texts.items():
                column[number] = values[port][row]
    return CachedItems(split.dataset.durations, store, tensors, texts, unusable)


def _values(
    model: Model,
    prefix: Prefix,
    split: Split,
    place: Place,
    unusable: dict[int, tuple[Diagnostic, ...]],
) -> Iterator[tuple[list[int], dict[PortName, Any]]]:
    """Compute the boundary batch by batch; every port of the data layer comes along.

    Utterances that cannot be read are put among the unusable ones.
    """
    head = model.compile(prefix.head)
    model.module.to(place.device).eval()
    batches = evaluation_batches(split.dataset.durations, seconds=split.batch_seconds)
    loader = Loader(
        split.dataset,
        batches,
        workers=split.workers,
        collate=split.collate,
        skip=ignore if split.skips else None,
    )
    for loaded in loader.loaded():
        members = batches[loaded.number]
        kept = [members[place] for place in loaded.kept]
        lost = [number for number in members if number not in kept]
        unusable.update(zip(lost, loaded.faults, strict=True))
        if loaded.batch is None:
            continue
        with torch.no_grad(), place.precision():
            values = head(to_device(loaded.batch, place.device))
        boundary = {port: values[port] for port in prefix.boundary}
        yield kept, {**loaded.batch, **to_device(boundary, "cpu")}


def _row(graph: SolvedGraph, values: PortBatch, port: PortName, row: int) -> Tensor:
    """Cut one utterance out of a batch, without its padding."""
    tensor: Tensor = values[port][row]
    for axis, size in enumerate(graph.output(port).sizes[1:]):
        stated = lengths_of(graph, size) if isinstance(size, Extent) else None
        if stated is not None and stated in values:
            tensor = tensor.narrow(axis, 0, int(values[stated][row]))
    return tensor


def _pad(tensors: Sequence[Tensor]) -> Tensor:
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if len(set(shapes)) == 1:
        return torch.stack(list(tensors))
    largest = [max(sizes) for sizes in zip(*shapes, strict=True)]
    padded = tensors[0].new_zeros(len(tensors), *largest)
    for row, tensor in enumerate(tensors):
        padded[row][tuple(slice(size) for size in tensor.shape)] = tensor
    return padded


def _free_bytes(folder: Path) -> int:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"
