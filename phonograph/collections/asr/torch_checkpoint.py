"""Foreign files of `torch.save`: tables of tensors, read without running anything in them."""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO, Any

import torch
from torch import Tensor

MAX_TENSORS = 100_000
MAX_INDEX_BYTES = 1 << 26

_DTYPES = {
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
}
_FOREIGN = re.compile(r"(?:GLOBAL|Unsupported \w+|class) ([\w.]+)")


def read_torch_checkpoint(file: IO[bytes], name: str) -> dict[str, Tensor]:
    """Read the tensors of a file that holds a state_dict and nothing else.

    Args:
        file: open for reading, at any place.
        name: what messages call it.

    Returns:
        the tensors by name; floating-point ones as float32.

    Raises:
        ValueError: it is damaged, or holds more than tensors, or more than it is large.
    """
    size = file.seek(0, io.SEEK_END)
    _check_zip(file, size, name)
    file.seek(0)
    try:
        # The allow-list unpickler builds tensors and plain containers; other names stop it.
        read: Any = torch.load(  # noqa: TID251 (the one file that owns it)
            file, map_location="cpu", weights_only=True
        )
    except Exception as error:  # noqa: BLE001 (the unpickler raises errors of every kind)
        raise ValueError(_why_not_tensors(name, str(error))) from None
    if not isinstance(read, dict) or len(read) > MAX_TENSORS:
        raise ValueError(f"`{name}` is no table of at most {MAX_TENSORS:,} tensors")
    room = 5 * size  # tensors may share memory, but not without end
    for key, value in read.items():
        if not isinstance(key, str) or not _is_plain(value):
            raise ValueError(f"`{key}` in `{name}` is no plain tensor")
        room -= value.numel() * value.element_size()
    if room < 0:
        raise ValueError(f"the tensors in `{name}` share too much memory")
    return {key: _float32(value) for key, value in read.items()}


def _check_zip(file: IO[bytes], size: int, name: str) -> None:
    """Refuse what may unfold to more than it is; such files are written without compression."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        message = f"`{name}` is damaged or of a release before 2020: {error}"
        raise ValueError(message) from None
    index = max((i.file_size for i in infos if i.filename.endswith(".pkl")), default=0)
    stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
    if not stored or sum(i.file_size for i in infos) > size or index > MAX_INDEX_BYTES:
        raise ValueError(f"`{name}` is compressed, or larger inside than outside")


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.dtype in _DTYPES
        # a stride of 0 makes a large tensor of a single number
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    )


def _float32(value: Tensor) -> Tensor:
    return value.detach().float() if value.is_floating_point() else value.detach()


def _why_not_tensors(name: str, told: str) -> str:
    named = _FOREIGN.search(told)
    if named:
        return f"`{name}` wants to run `{named[1]}`; only tensors are read"
    return f"`{name}` is damaged, or holds more than tensors"
