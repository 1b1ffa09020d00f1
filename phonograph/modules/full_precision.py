"""Computing in the precision of the inputs where autocast would reduce it."""

from __future__ import annotations

import torch
from torch import Tensor


def full_precision(x: Tensor) -> torch.autocast:
    """Return a context in which nothing is cast on the device of a tensor.

    The device `meta`, on which shapes alone are computed, has no autocast.

    >>> with full_precision(torch.zeros(2, device="meta")):
    ...     torch.is_autocast_enabled("cpu")
    False
    """
    return torch.autocast("cpu" if x.is_meta else x.device.type, enabled=False)
