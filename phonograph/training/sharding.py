"""Weights of which each process holds a part, as FSDP2 lays them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard(node: nn.Module, mesh: DeviceMesh, *, by_layer: bool) -> None:
    """Divide the weights of a node among processes; each is whole only while it is used.

    Args:
        node: a module; nothing happens where it has no weights, or is divided already.
        mesh: the processes.
        by_layer: whether each item of a list of layers is gathered on its own, which saves memory;
            else the node is gathered as one.

    Raises:
        ValueError: weights cannot be divided.
    """
    if isinstance(node, FSDPModule) or not _has_weights(node):
        return
    if by_layer:
        for layer in _layers(node):
            _shard(layer, mesh)
    _shard(node, mesh)


def is_sharded(module: nn.Module) -> bool:
    """Whether this process holds only a part of the weights."""
    return any(isinstance(weight, DTensor) for weight in module.parameters())


def own_part(value: Tensor) -> Tensor:
    """Return the part of a tensor that this process holds, without asking the others.

    >>> own_part(torch.ones(2))
    tensor([1., 1.])
    """
    return value.to_local() if isinstance(value, DTensor) else value


def made_whole(tree: Any, *, keep: bool) -> Any:
    """Gather the tensors of a tree of mappings, lists and tuples; all processes do so at once.

    Args:
        tree: any value; what is no divided tensor stays as it is.
        keep: whether this process wants the tensors, which then lie in the processor's memory;
            another gets None in their place.

    >>> made_whole({"step": 3, "means": [torch.ones(1)]}, keep=False)
    {'step': 3, 'means': [tensor([1.])]}
    """
    match tree:
        case DTensor():
            whole = tree.full_tensor()
            return whole.cpu() if keep else None
        case Mapping():
            return {key: made_whole(value, keep=keep) for key, value in tree.items()}
        case list() | tuple():
            return type(tree)(made_whole(value, keep=keep) for value in tree)
    return tree


def divided_like(whole: Any, pattern: Any) -> Any:
    """Return this process's part of a tensor, laid out like another; no process asks another.

    Args:
        whole: what all processes hold; returned as it is where it is not a tensor of that size.
        pattern: a weight, divided or not.

    >>> divided_like(torch.ones(2), torch.zeros(2))
    tensor([1., 1.])
    """
    if not (isinstance(pattern, DTensor) and isinstance(whole, Tensor)):
        return whole
    if whole.shape != pattern.shape:
        return whole
    value = whole.to(pattern.device)
    return distribute_tensor(value, pattern.device_mesh, pattern.placements, src_data_rank=None)


@contextmanager
def gathered(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Hold networks whole for a while, for those that use a part of them without calling them."""
    parts = [network for network in networks if isinstance(network, FSDPModule)]
    for part in parts:
        part.set_reshard_after_forward(reshard_after_forward=False)
        part.unshard()
    try:
        yield
    finally:
        for part in parts:
            part.reshard()


def copy_into(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load whole weights into a module of which each process holds a part.

    Raises:
        KeyError: a weight is missing.
    """
    with torch.no_grad():
        for name, value in module.state_dict().items():
            value.copy_(divided_like(weights[name], value))


def _shard(module: nn.Module, mesh: DeviceMesh) -> None:
    whole = {n: w for n, w in module.named_parameters() if not isinstance(w, DTensor)}
    single = [name for name, weight in whole.items() if weight.dim() == 0]
    if single:
        raise ValueError(f"`{single[0]}` is a single number, not a vector of one")
    types = sorted({str(weight.dtype) for weight in whole.values()})
    if len(types) > 1:
        raise ValueError(f"its weights are {' and '.join(types)}")
    fully_shard(module, mesh=mesh)


def _layers(node: nn.Module) -> Iterator[nn.Module]:
    """Find the layers of a node: items of a list that have parts of their own and are of one kind.

    Each of those runs once in every pass, which has to be so on all processes. A single convolution
    does not count: it may run as often as a batch is long. Layers within layers belong to these.
    """
    for child in node.children():
        layers = list(child) if isinstance(child, nn.ModuleList) else []
        if len({type(layer) for layer in layers}) == 1 and any(True for _ in layers[0].children()):
            yield from (layer for layer in layers if _has_weights(layer))
        else:
            yield from _layers(child)


def _has_weights(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())
