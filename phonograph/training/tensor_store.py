"""Tensors by number, kept in memory up to a budget and beyond it in one file."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_ALIGNMENT = 16
"""Bytes; a record starts at a multiple, so that any dtype can be read in place."""


@dataclass(frozen=True, slots=True)
class _Spilled:
    """Where a tensor lies in the file."""

    offset: int
    shape: tuple[int, ...]
    dtype: torch.dtype


class TensorStore:
    """A few tensors for each of many numbers.

    What was stored is read back bit for bit. A store may be sent to another process: what lies in
    the file is read there, not copied. Nothing can be added while the file is being read.

    Args:
        file: where tensors go that memory has no room for; made when first needed.
        memory: bytes that may be kept in memory, at least 0.

    >>> import tempfile
    >>> store = TensorStore(Path(tempfile.mkdtemp()) / "spill", memory=16)
    >>> store.put(0, [torch.arange(2)])
    >>> store.put(1, [torch.arange(3)])
    >>> store.get(1), store.bytes_in_file
    ([tensor([0, 1, 2])], 24)
    """

    def __init__(self, file: Path, *, memory: int = 1 << 30) -> None:
        self.file = file
        self.memory = memory
        self.bytes_in_memory = 0
        self.bytes_in_file = 0
        self._records: dict[int, list[Tensor | _Spilled]] = {}
        self._mapped: Tensor | None = None

    def __len__(self) -> int:
        return len(self._records)

    def put(self, number: int, tensors: list[Tensor]) -> None:
        """Store tensors, which are copied."""
        self._records[number] = [self._keep(tensor.detach().cpu()) for tensor in tensors]

    def get(self, number: int) -> list[Tensor]:
        """Return the tensors of a number; they are not to be changed.

        Raises:
            KeyError: nothing was stored for the number.
        """
        return [self._fetch(record) for record in self._records[number]]

    def close(self) -> None:
        """Forget everything and delete the file."""
        self._records.clear()
        self._mapped = None
        self.file.unlink(missing_ok=True)

    def _keep(self, tensor: Tensor) -> Tensor | _Spilled:
        if self.bytes_in_memory + tensor.nbytes > self.memory:
            return self._spill(tensor.contiguous())
        self.bytes_in_memory += tensor.nbytes
        return tensor.clone(memory_format=torch.contiguous_format)

    def _spill(self, tensor: Tensor) -> _Spilled:
        self._mapped = None
        self.file.parent.mkdir(parents=True, exist_ok=True)
        offset = -(-self.bytes_in_file // _ALIGNMENT) * _ALIGNMENT
        with self.file.open("wb" if self.bytes_in_file == 0 else "ab") as stream:
            stream.write(bytes(offset - self.bytes_in_file))
            stream.write(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
        self.bytes_in_file = offset + tensor.nbytes
        return _Spilled(offset, tuple(tensor.shape), tensor.dtype)

    def _fetch(self, record: Tensor | _Spilled) -> Tensor:
        if isinstance(record, Tensor):
            return record
        if prod(record.shape) == 0:
            return torch.empty(record.shape, dtype=record.dtype)
        if self._mapped is None:
            self._mapped = torch.from_file(
                str(self.file), shared=False, size=self.bytes_in_file, dtype=torch.uint8
            )
        size = prod(record.shape) * record.dtype.itemsize
        part = self._mapped[record.offset : record.offset + size]
        return part.view(record.dtype).reshape(record.shape)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_mapped": None}
