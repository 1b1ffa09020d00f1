"""The `HAMAPK` file: named tensors one after the other, with a table in front."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import torch
from torch import Tensor

from phonograph.errors import BundleError, Diagnostic

_MAGIC = b"HAMAPK\x01\x02"
_MOST_TENSORS = 4096
_MOST_DIMENSIONS = 8
_FLOAT32, _FLOAT16 = 0, 1
_DTYPES = {_FLOAT32: torch.float32, _FLOAT16: torch.float16}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table; `offset` counts bytes from the start of the data."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int
    size: int


def read_container(content: bytes, file: str) -> dict[str, Tensor]:
    """Read every tensor of a container.

    Args:
        content: the whole file.
        file: its name, for messages.

    Returns:
        float32 tensors by name.

    Raises:
        BundleError: PB013, the content is not a whole container.
    """
    try:
        entries = _table(_Reader(content))
        start = len(content) - max((entry.offset + entry.size for entry in entries), default=0)
        return {entry.name: _tensor(entry, content, start) for entry in entries}
    except ValueError as error:
        message = f"cannot read `{file}`: {error}"
        help = "install the package again: pip install --force-reinstall hama==1.7.0"
        raise BundleError(Diagnostic("PB013", message, help=help)) from None


class _Reader:
    """Takes little-endian numbers from bytes, never past their end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def bytes(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._content):
            raise ValueError(f"it ends at byte {len(self._content)}, inside its table")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def numbers(self, code: str) -> tuple[int, ...]:
        return struct.unpack(f"<{code}", self.bytes(struct.calcsize(f"<{code}")))


def _table(reader: _Reader) -> list[Entry]:
    if reader.bytes(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin as a HAMAPK file of version 1.2")
    (count,) = reader.numbers("I")
    if count > _MOST_TENSORS:
        raise ValueError(f"it claims {count} tensors; at most {_MOST_TENSORS} are read")
    return [_entry(reader) for _ in range(count)]


def _entry(reader: _Reader) -> Entry:
    (name_length,) = reader.numbers("H")
    name = reader.bytes(name_length).decode("utf-8")
    kind, rank = reader.numbers("BB")
    if kind not in _DTYPES:
        raise ValueError(f"`{name}` has the unknown number type {kind}")
    if rank > _MOST_DIMENSIONS:
        raise ValueError(f"`{name}` claims {rank} dimensions; at most {_MOST_DIMENSIONS} are read")
    shape = reader.numbers(f"{rank}I")
    offset, size = reader.numbers("QQ")
    dtype = _DTYPES[kind]
    if size != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"`{name}` has {size} bytes, which do not make {list(shape)} numbers")
    return Entry(name, dtype, shape, offset, size)


def _tensor(entry: Entry, content: bytes, start: int) -> Tensor:
    if start < 0:
        raise ValueError(f"it is {-start} bytes too short")
    if entry.size == 0:
        return torch.zeros(entry.shape)
    data = bytearray(content[start + entry.offset : start + entry.offset + entry.size])
    return torch.frombuffer(data, dtype=entry.dtype).reshape(entry.shape).float()
