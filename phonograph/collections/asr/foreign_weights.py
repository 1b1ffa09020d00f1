"""The tensors of a foreign checkpoint, which remember who took them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor


class Weights(Mapping[str, Tensor]):
    """The tensors of a checkpoint under a prefix, each noted once it is looked up.

    Walking over the names takes nothing: a tensor counts as used only when it is looked up by
    name, so do not look up one that has no place. What nobody looked up is refused in the end.

    Args:
        tensors: every tensor by its whole name.
        prefix: begins the names that belong here, and is taken off them.

    >>> import torch
    >>> weights = Weights({"encoder.a": torch.ones(2), "encoder.b": torch.ones(3)})
    >>> weights.under("encoder.")["a"]
    tensor([1., 1.])
    >>> weights.untaken()
    ['encoder.b']
    >>> "encoder.b" in weights, weights.untaken()
    (True, ['encoder.b'])
    """

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
        self._tensors = tensors
        self._prefix = prefix
        self._taken: set[str] = set()

    def under(self, prefix: str) -> Weights:
        """Return the tensors whose names begin so, with the prefix taken off."""
        part = Weights(self._tensors, self._prefix + prefix)
        part._taken = self._taken
        return part

    def untaken(self) -> list[str]:
        """Name, as the checkpoint does, the tensors here that nobody looked up."""
        return [name for name in map(self._whole, self) if name not in self._taken]

    def __getitem__(self, name: str) -> Tensor:
        """Take a tensor.

        Raises:
            MissingTensorError: the checkpoint has none of that name.
        """
        whole = self._whole(name)
        if whole not in self._tensors:
            raise MissingTensorError(whole)
        self._taken.add(whole)
        return self._tensors[whole]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._whole(name) in self._tensors

    def __iter__(self) -> Iterator[str]:
        start = len(self._prefix)
        return (name[start:] for name in self._tensors if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _whole(self, name: str) -> str:
        return self._prefix + name


class MissingTensorError(KeyError):
    """A tensor that the configuration asks for is not in the checkpoint."""

    @property
    def name(self) -> str:
        """Its name, as the checkpoint would write it."""
        return str(self.args[0])
