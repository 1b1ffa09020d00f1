"""What a forward pass keeps for the backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, UntypedStorage


class KeptForBackward:
    """Counts, inside a `with`, the bytes that a forward pass keeps for the backward pass.

    Each storage counts once, on the device `meta` as well.

    Args:
        given: what is there anyway, such as weights, and is not counted.

    >>> weight, given = torch.ones(4, requires_grad=True), torch.ones(4)
    >>> with KeptForBackward([weight]) as kept:
    ...     _ = (weight * given).sum()
    >>> kept.bytes
    16
    """

    def __init__(self, given: Iterable[Tensor]) -> None:
        self._given = {id(one): one for one in (tensor.untyped_storage() for tensor in given)}
        # the storages themselves, as another may get the number of one that is gone
        self._kept: dict[int, UntypedStorage] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self.keep, _as_it_is)

    @property
    def bytes(self) -> int:
        """Bytes of all storages that are kept."""
        return sum(storage.nbytes() for storage in self._kept.values())

    def __enter__(self) -> Self:
        """Start to count."""
        self._hooks.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self._hooks.__exit__(kind, error, traceback)

    def keep(self, tensor: Tensor) -> Tensor:
        """Count one more tensor, such as an output, and return it."""
        storage = tensor.untyped_storage()
        if id(storage) not in self._given:
            self._kept[id(storage)] = storage
        return tensor


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor
