"""One translated section of a foreign configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a foreign configuration as one of our modules.

    Args:
        module: the registered name, such as `asr.conformer`.
        arguments: what stands under `with` in YAML: plain data.
        weights: tensors under the names of our module's state_dict.
    """

    module: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)
