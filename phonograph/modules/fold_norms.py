"""Fold batch norms into the convolutions before them, for a model that is not trained further."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import nn


class Foldable(nn.Module, ABC):
    """A module that can do without its batch norm in evaluation."""

    @abstractmethod
    def fold(self) -> bool:
        """Fold the batch norm into other weights; return whether there was one."""


def fold_batch_norms(module: nn.Module) -> int:
    """Fold every batch norm that can be folded; results stay the same but for rounding.

    Weights change their values and names: fold an opened copy, never what will be saved or trained.

    Args:
        module: in evaluation mode; changed in place.

    Returns:
        how many were folded.

    Raises:
        ValueError: the module is in training mode.

    >>> from phonograph.modules.conv_block import ConvBlock, ResidualConvBlock
    >>> block = ResidualConvBlock([8], ConvBlock(8, kernel=3, repeat=2), activation="relu").eval()
    >>> fold_batch_norms(block), fold_batch_norms(block)
    (3, 0)
    """
    if module.training:
        raise ValueError("batch norms are folded in evaluation mode only: call `eval()` first")
    return sum(part.fold() for part in list(module.modules()) if isinstance(part, Foldable))
