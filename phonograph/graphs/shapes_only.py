"""Building modules for their shapes alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_DRAWS = {
    nn.init.normal_,
    nn.init.trunc_normal_,
    nn.init.uniform_,
    nn.init.kaiming_normal_,
    nn.init.kaiming_uniform_,
    nn.init.xavier_normal_,
    nn.init.xavier_uniform_,
    nn.init.orthogonal_,
    Tensor.normal_,
    Tensor.uniform_,
}


class ShapesOnly(TorchFunctionMode):
    """Makes tensors on the device `meta`, and draws no values for them.

    There PyTorch draws them with operators in Python: slowly, and for normal values it loads its
    compiler first, 2 s.

    >>> with ShapesOnly():
    ...     torch.nn.Embedding(1000, 10**9).weight.device
    device(type='meta')
    """

    def __enter__(self) -> ShapesOnly:
        """Begin."""
        self._meta = torch.device("meta")
        self._meta.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        """End."""
        super().__exit__(*error)
        self._meta.__exit__(*error)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of PyTorch, or leave its tensor as it is."""
        kwargs = kwargs or {}
        if func in _DRAWS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
