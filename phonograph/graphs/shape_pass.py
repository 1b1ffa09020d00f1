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

from phonograph.graphs.kept_for_backward import KeptForBackward

_LAYERS = ("lstm", "gru", "rnn_relu", "rnn_tanh")


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
        name = getattr(func, "__name__", "")
        if name in _LAYERS and not kwargs and isinstance(args[2], list | tuple):
            return self._layer(args[0], _listed(args[1]), args[2], directions=1 + args[7])
        if name == "lstm_cell" and not kwargs:  # whoever reads on one frame at a time
            self._count(args[0], args[1][0], args[2:])
            return tuple(_like(state, state.shape, args[2:]) for state in args[1])
        return func(*args, **(kwargs or {}))  # packed sequences among them

    def _layer(
        self, frames: Tensor, states: list[Tensor], weights: Sequence[Tensor], *, directions: int
    ) -> tuple[Tensor, ...]:
        self._count(frames, states[0], weights)
        shape = (*frames.shape[:-1], states[0].shape[-1] * directions)
        return _like(frames, shape, weights), *(state.clone() for state in states)

    def _count(self, frames: Tensor, state: Tensor, weights: Sequence[Any]) -> None:
        matrices = [w for w in weights if isinstance(w, Tensor) and w.dim() == 2]
        rows = frames.numel() // frames.shape[-1]
        gates = max(w.shape[0] for w in matrices if w.shape[1] == state.shape[-1])
        self._counts.multiply_adds += rows * sum(w.numel() for w in matrices)
        self._counts.hold(rows * gates * frames.element_size())
        self.kept += rows * frames.element_size() * sum(sum(w.shape) for w in matrices)


def kept_bytes(given: Iterable[Tensor], run: Callable[[], Any]) -> int:
    """Return how many bytes a forward pass keeps for its backward pass, outputs among them.

    Args:
        given: tensors that are there already, which are not counted.
        run: the forward pass; returns its outputs.
    """
    with KeptForBackward(given) as kept:
        for tensor in tensors_in(run()):
            kept.keep(tensor)
    return kept.bytes


def _together(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    on_meta = [tensor.is_meta for tensor in tensors_in((args, kwargs))]
    if any(on_meta) and not all(on_meta):
        return tree_map_only(Tensor, lambda tensor: tensor.to("meta"), (args, kwargs))
    return args, kwargs


def tensors_in(values: Any) -> list[Tensor]:
    """Return every tensor in lists, tuples and dictionaries."""
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _listed(states: Any) -> list[Tensor]:
    return list(states) if isinstance(states, list | tuple) else [states]


def _like(tensor: Tensor, shape: Sequence[int], weights: Sequence[Any]) -> Tensor:
    """Return values that gradients pass through where weights are trained."""
    made = tensor.new_empty(*shape)
    learns = any(isinstance(w, Tensor) and w.requires_grad for w in weights)
    return made.requires_grad_().view_as(made) if learns and torch.is_grad_enabled() else made
