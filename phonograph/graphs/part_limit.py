"""A bound on what one module is made of, so that a slip such as `layers: 120000` is told soon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch.nn.modules import module as registration

MOST_PARTS = 30_000


class TooManyPartsError(ValueError):
    """A constructor makes layers and weights without end."""


@contextmanager
def bounded_parts(arguments: Mapping[str, Any]) -> Iterator[None]:
    """Stop the constructor of a module that makes more layers and weights than any model has.

    Args:
        arguments: of the constructor; the message names the largest whole number among them.

    Raises:
        TooManyPartsError: there are more than 30,000.

    >>> import torch
    >>> with bounded_parts({"layers": 10**9}):
    ...     torch.nn.ModuleList(torch.nn.ReLU() for _ in range(10**9))
    Traceback (most recent call last):
        ...
    phonograph.graphs.part_limit.TooManyPartsError: `layers` 1,000,000,000: ...
    """
    room = MOST_PARTS

    def count(*_: object) -> None:
        nonlocal room
        room -= 1
        if room < 0:
            raise TooManyPartsError(_message(arguments))

    hooks = [
        registration.register_module_module_registration_hook(count),
        registration.register_module_parameter_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _message(arguments: Mapping[str, Any]) -> str:
    whole = {name: value for name, value in arguments.items() if type(value) is int}
    largest = max(whole, key=whole.__getitem__, default="")
    start = f"`{largest}` {whole[largest]:,}: " if largest else ""
    return f"{start}it would be made of more than {MOST_PARTS:,} layers and weights"
