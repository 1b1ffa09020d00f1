"""A bound on what one module is made of, so that a slip such as `layers: 120000` is told soon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules import module as registration

MOST_PIECES = 15_000


class TooMuchToBuildError(ValueError):
    """A constructor makes layers and weights without end."""


@contextmanager
def bounded_build(arguments: Mapping[str, Any]) -> Iterator[None]:
    """Stop the constructor of a module that makes more layers and weights than any model has.

    Args:
        arguments: of the constructor; the message names the largest whole number among them.

    Raises:
        TooMuchToBuildError: there are more than 15,000.

    >>> import torch
    >>> with bounded_build({"layers": 10**9}):
    ...     torch.nn.ModuleList(torch.nn.ReLU() for _ in range(10**9))
    Traceback (most recent call last):
        ...
    phonograph.graphs.build_limit.TooMuchToBuildError: `layers` 1,000,000,000: ...
    """
    room = MOST_PIECES

    def count(_: object, __: str, part: object) -> None:
        nonlocal room
        # a copy of a block comes with all that is in it
        room -= _parts_of(part) if isinstance(part, nn.Module) else 1
        if room < 0:
            raise TooMuchToBuildError(_message(arguments))

    hooks = [
        registration.register_module_module_registration_hook(count),
        registration.register_module_parameter_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _parts_of(module: nn.Module) -> int:
    return sum(1 for _ in module.modules()) + sum(1 for _ in module.parameters())


def _message(arguments: Mapping[str, Any]) -> str:
    whole = {name: value for name, value in arguments.items() if type(value) is int}
    largest = max(whole, key=whole.__getitem__, default="")
    start = f"`{largest}` {whole[largest]:,}: " if largest else ""
    return f"{start}it would be made of more than {MOST_PIECES:,} layers and weights"
