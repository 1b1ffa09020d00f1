"""The contract of registered modules, checked on real tensors: declarations cannot lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from phonograph.modules.block_stream import BlockStream
from phonograph.modules.causality import Probe, look_ahead_faults
from phonograph.modules.declared_shapes import output_faults, with_fresh_axes
from phonograph.modules.random_inputs import (
    Axes,
    Batch,
    Networks,
    alone,
    draw,
    numbers_of,
    spoilt,
)
from phonograph.modules.streaming_contract import streaming_faults
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import Kind, Loss, parse_axes
from phonograph.types.part import build_parts
from phonograph.types.ports import grouped
from phonograph.types.terms import axis_in

_BATCHES = 2
_TOLERANCE = 1e-4
_ITEMS = 2
"""Of a list port, where no parameter says how many."""


def contract_faults(
    declaration: Declaration,
    parameters: Mapping[str, object],
    *,
    seed: int,
    export: bool = True,
    networks: Networks | None = None,
) -> list[str]:
    """Run a module on random batches and say where it is not what its class declares.

    * Axes, widths, lengths and kinds of the outputs are the declared ones; values are finite.
    * In evaluation an utterance gives the same alone as in a batch, whatever is in the padding. A
      class excepts itself with `padding_waiver = "why"`.
    * In evaluation the same input gives the same output; no input is changed in place.
    * In evaluation an output depends on later input exactly as far as `look_ahead` says.
    * In evaluation a module that hears utterances bit by bit gives what it gives for whole ones.
    * In training the gradient reaches every parameter and is finite.
    * `torch.export` keeps every UPPERCASE axis free. A class excepts itself with
      `exports = "why not"`.

    Args:
        declaration: a module with inputs; for data layers see `source_faults`.
        parameters: constructor arguments, small ones, so that this is quick.
        seed: decides sizes, lengths and values.
        export: whether to try the export, which takes seconds.
        networks: builds modules for the inputs of kind Network.

    Returns:
        one sentence per fault; none when the contract is kept.

    Raises:
        Exception: whatever the module raises when it is built or run.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        declaration = declaration.unrolled(_counts(declaration, parameters))
        subject = _Subject(declaration, declaration.cls(**build_parts(parameters)))
        generator = torch.Generator().manual_seed(seed)
        numbers = numbers_of(declaration, parameters)
        batches = [draw(subject.inputs, numbers, generator, networks) for _ in range(_BATCHES)]
        faults = [
            fault for batch in batches for fault in _evaluation_faults(subject, batch, generator)
        ]
        if not faults:
            faults += _causality_faults(subject, alone(subject.inputs, batches[0], 0), parameters)
        if not faults:
            faults += _streaming_faults(subject, batches[0], generator)
        if not faults:
            faults += _gradient_faults(subject, batches)
        if export and not faults:
            faults += _export_faults(subject, *batches)
        return list(dict.fromkeys(faults))


def source_faults(
    declaration: Declaration, parameters: Mapping[str, object], batch: Mapping[str, Any]
) -> list[str]:
    """Say where a batch of a data layer is not what its class declares.

    Args:
        declaration: a data layer.
        parameters: its constructor arguments.
        batch: what it gave, by port name.
    """
    kinds = declaration.ports.outputs
    if missing := [name for name in kinds if name not in batch]:
        return [f"{name}: declared, not given" for name in missing]
    numbers: Mapping[str, Fraction] = numbers_of(declaration, parameters)
    return output_faults(kinds, batch, Axes(numbers, {}, {}))


@dataclass(frozen=True, slots=True)
class _Subject:
    """A built module and its declaration."""

    declaration: Declaration
    module: nn.Module

    @property
    def inputs(self) -> Mapping[str, Kind]:
        return self.declaration.ports.inputs

    @property
    def outputs(self) -> Mapping[str, Kind]:
        return self.declaration.ports.returned

    def run(self, batch: Batch) -> dict[str, Any]:
        return self.named(self.module(**grouped(batch.values)))

    def named(self, result: Any) -> dict[str, Any]:
        results = result if len(self.outputs) > 1 else (result,)
        return dict(zip(self.outputs, results, strict=True))


def _counts(declaration: Declaration, parameters: Mapping[str, Any]) -> dict[str, int]:
    return {port: parameters.get(n, _ITEMS) for port, n in declaration.ports.lists.items()}


def _evaluation_faults(subject: _Subject, batch: Batch, generator: torch.Generator) -> list[str]:
    subject.module.eval()
    before = {n: _copy(value) for n, value in batch.values.items() if not _is_network(value)}
    with torch.no_grad():
        first = subject.run(batch)
        faults = output_faults(subject.outputs, first, batch.axes)
        if faults:
            return faults
        second = subject.run(batch)
        faults += [f"{n}: changes from run to run" for n in first if not _same(first[n], second[n])]
        faults += [
            f"{n}: changed in place" for n in before if not _same(before[n], batch.values[n])
        ]
        if not faults and not getattr(subject.declaration.cls, "padding_waiver", ""):
            faults += _padding_faults(
                subject, batch, first, spoilt(subject.inputs, batch, generator)
            )
    return faults


@torch.no_grad()
def _causality_faults(
    subject: _Subject, batch: Batch, parameters: Mapping[str, object]
) -> list[str]:
    given = subject.declaration.parameters.values()
    values = {p.name: p.default for p in given if not p.required} | dict(parameters)
    return look_ahead_faults(
        Probe(
            run=lambda inputs: subject.named(subject.module(**grouped(inputs))),
            inputs=subject.inputs,
            outputs=subject.outputs,
            batch=batch,
            ahead=subject.declaration.steps_ahead(values),
        )
    )


def _streaming_faults(subject: _Subject, batch: Batch, generator: torch.Generator) -> list[str]:
    module = subject.module
    if not isinstance(module, BlockStream) or module.no_stream:
        return []
    x, lengths = batch.values.values()

    def whole(x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        given = module(x, lengths)  # a module that keeps the steps gives no lengths
        return given if isinstance(given, tuple) else (given, lengths)

    return streaming_faults(module, whole, x, lengths, generator)


def _padding_faults(
    subject: _Subject, batch: Batch, clean: Mapping[str, Any], other: Batch
) -> Iterator[str]:
    found = subject.run(other)
    axes = with_fresh_axes(subject.outputs, found, batch.axes)
    unbatched = [name for name, kind in subject.outputs.items() if "B" not in kind.axes.split()]
    for name in unbatched:
        if far := _distance(clean[name], found[name]):
            yield f"{name}: what is in the padding changes it by {far:.2g}"
    worst: dict[str, float] = {}
    for row in range(batch.axes.sizes["B"]):
        single = alone(subject.inputs, batch, row)
        expected = subject.run(single)
        single_axes = with_fresh_axes(subject.outputs, expected, single.axes)
        for name, kind in subject.outputs.items():
            part = axes.part(kind, found[name], row)
            far = _distance(single_axes.part(kind, expected[name], 0), part)
            worst[name] = max(far, worst.get(name, 0.0))
    for name, far in worst.items():
        if far and name not in unbatched:
            yield f"{name}: an utterance differs by {far:.2g} between alone and in a batch"


def _gradient_faults(subject: _Subject, batches: list[Batch]) -> list[str]:
    named = {n: p for n, p in subject.module.named_parameters() if p.requires_grad}
    reached: set[str] = set()
    faults = []
    for batch in batches if named else []:
        subject.module.train().zero_grad()
        objective = _objective(subject.outputs, subject.run(batch))
        if objective.requires_grad:
            objective.backward()
        gradients = {n: p.grad for n, p in named.items() if p.grad is not None}
        reached |= {n for n, gradient in gradients.items() if bool(gradient.any())}
        faults += [
            f"{n}: its gradient is not finite"
            for n, g in gradients.items()
            if not g.isfinite().all()
        ]
    return faults + [f"{name}: no gradient reaches it" for name in named if name not in reached]


def _objective(kinds: Mapping[str, Kind], outputs: Mapping[str, Any]) -> Tensor:
    total = torch.zeros(())
    for name, kind in kinds.items():
        value = outputs[name]
        if not kind.host and value.requires_grad:
            # Random weights: a plain sum of normalised frames is constant.
            total = (
                total + (value if isinstance(kind, Loss) else value * torch.randn_like(value)).sum()
            )
    return total


def _export_faults(subject: _Subject, batch: Batch, other: Batch) -> list[str]:
    reason = getattr(subject.declaration.cls, "exports", None)
    if reason or subject.declaration.is_host:
        return []
    subject.module.eval()
    free = {name: _free_axes(kind) for name, kind in subject.inputs.items()}
    free, values = grouped(free), grouped(batch.values)
    try:
        program = torch.export.export(subject.module, (), values, dynamic_shapes=free).module()
        return [
            f"{name}: the exported program differs by {far:.2g} at another size"
            for different in (other, alone(subject.inputs, other, 0))
            for name, far in _export_distances(subject, program, different)
        ]
    except Exception as error:  # noqa: BLE001 (the exporter raises errors of every kind)
        return [f"cannot be exported: {str(error).strip().partition(chr(10))[0]}"]


@torch.no_grad()
def _export_distances(
    subject: _Subject, program: nn.Module, batch: Batch
) -> Iterator[tuple[str, float]]:
    expected = subject.run(batch)
    found = subject.named(program(**grouped(batch.values)))
    for name in expected:
        if far := _distance(expected[name], found[name]):
            yield name, far


def _free_axes(kind: Kind) -> dict[int, Any]:
    axes = map(axis_in, parse_axes(kind.axes))
    return {place: Dim.DYNAMIC for place, axis in enumerate(axes) if axis}


def _is_network(value: Any) -> bool:
    return isinstance(value, nn.Module)


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else list(value)


def _same(first: Any, second: Any) -> bool:
    return torch.equal(first, second) if isinstance(first, Tensor) else bool(first == second)


def _alike(first: Any, second: Any) -> bool:
    """Compare host values; numbers in them may differ by rounding."""
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(_alike, first, second))
    if is_dataclass(first) and type(first) is type(second):
        names = [field.name for field in fields(first)]
        return all(_alike(getattr(first, name), getattr(second, name)) for name in names)
    return bool(first == second)


def _distance(first: Any, second: Any) -> float:
    """Return how far two results are apart: 0 when by rounding only, infinite in another form."""
    if not isinstance(first, Tensor):
        return 0.0 if _alike(first, second) else float("inf")
    if first.shape != second.shape:
        return float("inf")
    if not first.is_floating_point():
        return 0.0 if torch.equal(first, second) else float("inf")
    scale = max(1.0, float(first.abs().max())) if first.numel() else 1.0
    far = float((first - second).abs().max()) if first.numel() else 0.0
    if math.isnan(far):
        return float("inf")
    return far if far > _TOLERANCE * scale else 0.0
