"""The optimizers that a graph may name, and what they take."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import torch

from phonograph.training.novograd import NovoGrad

_UNFIT = {"LBFGS", "Muon", "SparseAdam"}
"""Optimizers that need more than the gradients of any weights."""

_OURS = {"NovoGrad": NovoGrad}

OPTIMIZERS: Mapping[str, type[torch.optim.Optimizer]] = {
    name.lower(): cls
    for name, cls in sorted({**vars(torch.optim), **_OURS}.items())
    if inspect.isclass(cls) and issubclass(cls, torch.optim.Optimizer)
    if cls is not torch.optim.Optimizer and name not in _UNFIT
}


def optimizer_arguments(name: str) -> dict[str, Any]:
    """Return arguments of an optimizer -> what plain values they accept."""
    constructor: Any = OPTIMIZERS[name].__init__
    hints = get_type_hints(constructor)
    parameters = list(inspect.signature(constructor).parameters)[2:]
    return {parameter: _without_tensors(hints[parameter]) for parameter in parameters}


def default_rates(optimizer: str) -> dict[str, Any]:
    """Return what an optimizer takes where nothing is given.

    Args:
        optimizer: one of `OPTIMIZERS`.

    >>> default_rates("adamw")["betas"]
    (0.9, 0.999)
    """
    parameters = inspect.signature(OPTIMIZERS[optimizer].__init__).parameters.values()
    given = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return {name: given[name] for name in optimizer_arguments(optimizer) if name in given}


def _without_tensors(annotation: Any) -> Any:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return tuple[tuple(_without_tensors(item) for item in inner)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return reduce(or_, (_without_tensors(item) for item in inner if item is not torch.Tensor))
    return annotation
