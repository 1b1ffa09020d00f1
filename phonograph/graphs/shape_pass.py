"""Calling a module on shapes alone: what it multiplies, and how much memory it holds meanwhile.

Tensors of activations live on the device `meta`; lengths and tokens are real, since modules may
look at them. Where the two meet, the real ones become shapes as well.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

_RECURRENT = ("lstm", "gru", "rnn_relu", "rnn_tanh")


class ShapePass(TorchDispatchMode):
    """Counts what happens to tensors inside of it.

    Args:
        given: tensors that are there already, such as weights and inputs.

    Attributes:
        multiply_adds: products that are added up: of matrices, convolutions, attention.
        live: bytes that were made inside and are still in use.
        peak: the most that was ever in use.

    >>> weight, x = (torch.empty(8, 8, device="meta") for _ in range(2))
    >>> with ShapePass([weight, x]) as counts:
    ...     y = (x @ weight) @ weight
    >>> counts.multiply_adds, counts.live, counts.peak
    (1024, 256, 512)
    """

    def __init__(self, given: Iterable[Tensor]) -> None:
        super().__init__()
        from torch.utils.flop_counter import flop_registry

        self._operations: dict[Any, Callable[..., int]] = flop_registry
        self._seen: dict[int, weakref.ref[Any]] = {}
        self.multiply_adds = 0
        self.live = 0
        self.peak = 0
        for tensor in given:
            self._see(tensor, made=False)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call an operator of PyTorch and count it."""
        args, kwargs = _together(args, kwargs or {})
        name = func.overloadpacket
        made = func(*args, **kwargs)
        for tensor in tensors_in(made):
            self._see(tensor, made=True)
        if name in self._operations:
            flops = self._operations[name](*args, **kwargs, out_val=made)
            self.multiply_adds += flops // 2
        return made

    def hold(self, size: int) -> None:
        """Note bytes that are in use for a moment only."""
        self.peak = max(self.peak, self.live + size)

    def _see(self, tensor: Tensor, *, made: bool) -> None:
        storage = tensor.untyped_storage()
        known = self._seen.get(id(storage))
        if known is not None and known() is storage:
            return
        size = storage.nbytes() if made else 0

        def forget(gone: weakref.ref[Any], key: int = id(storage)) -> None:
            self.live -= size
            if self._seen.get(key) is gone:
                del self._seen[key]

        self._seen[id(storage)] = weakref.ref(storage, forget)
        self.live += size
        self.peak = max(self.peak, self.live)


class WholeRecurrences(TorchFunctionMode):
    """Counts a recurrent layer as one step, which would be written down frame by frame otherwise.

    Args:
        counts: what to add to.

    Attributes:
        kept: bytes that the backward pass of such layers needs.
    """

    def __init__(self, counts: ShapePass) -> None:
        super().__init__()
        self._counts = counts
        self.kept = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of PyTorch, or count a recurrent layer."""
        whole = getattr(func, "__name__", "") in _RECURRENT and not kwargs
        if not whole or not isinstance(args[2], list | tuple):  # a packed sequence has it later
            return func(*args, **(kwargs or {}))
        return self._recurrence(args[0], args[1], args[2], bidirectional=args[7])

    def _recurrence(
        self, frames: Tensor, start: Any, weights: Sequence[Tensor], *, bidirectional: bool
    ) -> tuple[Tensor, ...]:
        states = list(start) if isinstance(start, list | tuple) else [start]
        matrices = [weight for weight in weights if weight.dim() == 2]
        rows = frames.numel() // frames.shape[-1]
        gates = [weight for weight in matrices if weight.shape[1] == states[0].shape[-1]]
        bytes_a_row = frames.element_size() * max(weight.shape[0] for weight in gates)
        self._counts.multiply_adds += rows * sum(weight.numel() for weight in matrices)
        self._counts.hold(rows * bytes_a_row)
        self.kept += rows * frames.element_size() * sum(sum(weight.shape) for weight in matrices)
        width = states[0].shape[-1] * (2 if bidirectional else 1)
        read = frames.new_empty(*frames.shape[:-1], width)
        if torch.is_grad_enabled() and any(weight.requires_grad for weight in weights):
            read = read.requires_grad_().view_as(read)
        return read, *(state.clone() for state in states)


def kept_bytes(given: Iterable[Tensor], run: Callable[[], Any]) -> int:
    """Return how many bytes a forward pass keeps for its backward pass, outputs among them.

    Args:
        given: tensors that are there already, which are not counted.
        run: the forward pass; returns its outputs.
    """
    known = {id(tensor.untyped_storage()) for tensor in given}
    kept: dict[int, Any] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if id(storage) not in known:
            kept[id(storage)] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        for tensor in tensors_in(run()):
            keep(tensor)
    return sum(storage.nbytes() for storage in kept.values())


def _together(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    on_meta = [tensor.is_meta for tensor in tensors_in((args, kwargs))]
    if any(on_meta) and not all(on_meta):
        return tree_map_only(Tensor, lambda tensor: tensor.to("meta"), (args, kwargs))
    return args, kwargs


def tensors_in(values: Any) -> list[Tensor]:
    """Return every tensor in lists, tuples and dictionaries."""
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
