"""Which names a node may have: it becomes a child of a PyTorch module."""

from __future__ import annotations

import keyword
from functools import cache


def why_not_a_node_name(name: str) -> str:
    """Say why a name cannot be a node's, or return an empty string.

    Dots group nodes: `encoder.conv` stands inside of `encoder`, as the nodes of a composite do.

    >>> why_not_a_node_name("encoder"), why_not_a_node_name("train")
    ('', '`train` already means something to a PyTorch module')
    """
    for part in name.split("."):
        if not part.isidentifier():
            return "use letters, digits and underscores, and start with a letter"
        if keyword.iskeyword(part):
            return f"`{part}` is a Python keyword"
        if part in _taken():
            return f"`{part}` already means something to a PyTorch module"
    return ""


@cache
def _taken() -> frozenset[str]:
    from torch import nn

    return frozenset(dir(nn.Module()))
