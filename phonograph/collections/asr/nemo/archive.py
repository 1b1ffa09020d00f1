"""The `.nemo` file: a tar of configuration, weights and tokenizer files, read as data only."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import torch
from torch import Tensor

from phonograph.errors import BundleError, Diagnostic, Place
from phonograph.graphs.document import MAX_BYTES

CONFIGURATION, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
UNREADABLE = "PB030"

MAX_MEMBERS = 256
MAX_FILE_BYTES = 1 << 26
MAX_WEIGHT_BYTES = 1 << 36
MAX_TENSORS = 100_000
MAX_INDEX_BYTES = 1 << 26

_PIECE = 1 << 20
"""Bytes read at a time; no header of a tar is longer."""
_GZIP = b"\x1f\x8b"
_DTYPES = {
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
}
_FOREIGN = re.compile(r"(?:GLOBAL|global:?|Unsupported \w+|class) ([\w.]+)")


@dataclass(frozen=True, slots=True)
class Archive:
    """What a `.nemo` file holds.

    Args:
        configuration: the text of the model's configuration.
        tensors: the weights by their name there; floating-point ones as float32.
        files: the other files by name, such as a tokenizer's model.
    """

    configuration: str
    tensors: Mapping[str, Tensor]
    files: Mapping[str, bytes]


def read_archive(path: Path) -> Archive:
    """Read a `.nemo` file into memory; nothing is unpacked on disk, and no code in it runs.

    Raises:
        BundleError: PB030, it is missing, damaged or too large, or holds what such a file has not.
    """
    try:
        members = _members(path)
        for name in (CONFIGURATION, WEIGHTS):
            if name not in members:
                raise _NotOneError(f"it has no `{name}`; it is not the checkpoint of one model")
        configuration = members.pop(CONFIGURATION).decode("utf-8-sig")
        tensors = _tensors(members.pop(WEIGHTS))
    except UnicodeDecodeError:
        raise _refusal(path, f"`{CONFIGURATION}` is not UTF-8 text") from None
    except _NotOneError as error:
        raise _refusal(path, str(error)) from None
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise _refusal(path, f"it is damaged, or no tar archive: {error}") from None
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from None
    return Archive(configuration, tensors, members)


class _NotOneError(Exception):
    """The reason why something is no `.nemo` file."""


def _refusal(path: Path, reason: str) -> BundleError:
    message = f"cannot read the checkpoint: {reason}"
    return BundleError(Diagnostic(UNREADABLE, message, Place(str(path))))


def _members(path: Path) -> dict[str, bytes]:
    with path.open("rb") as file:
        zipped = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        plain: Any = gzip.GzipFile(fileobj=file) if zipped else file
        sparing: Any = _Sparing(plain)
        with tarfile.open(fileobj=sparing, mode="r:") as archive:
            return _read(archive)


def _read(archive: tarfile.TarFile) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    # One after the other: a next header is only looked for once this one is known to be small.
    for count, member in enumerate(archive, start=1):
        if count > MAX_MEMBERS:
            raise _NotOneError(f"it has more than {MAX_MEMBERS} files")
        name = _safe_name(member)
        limit = {CONFIGURATION: MAX_BYTES, WEIGHTS: MAX_WEIGHT_BYTES}.get(name, MAX_FILE_BYTES)
        if member.size > limit:
            raise _NotOneError(f"`{name}` is too large: {member.size:,} bytes")
        if member.isdir():
            continue
        if name in found:
            raise _NotOneError(f"it has `{name}` twice")
        found[name] = _content(archive, member)
    return found


def _safe_name(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise _NotOneError(f"`{member.name}` would lie outside of it")
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise _NotOneError(f"`{member.name}` is no plain file but a link or a device")
    return str(path)  # without a leading `./`


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    content = bytearray()
    while file is not None and (piece := file.read(_PIECE)):
        content += piece
    if len(content) != member.size:
        raise _NotOneError(f"it ends within `{member.name}`")
    return bytes(content)


class _Sparing(io.RawIOBase):
    """A file that never gives much at once, so that no header can ask for all memory."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _PIECE:
            raise _NotOneError("one of its headers is too large")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _tensors(content: bytes) -> dict[str, Tensor]:
    _check_zip(content)
    try:
        # The allow-list unpickler builds tensors and plain containers; other names stop it.
        read: Any = torch.load(  # noqa: TID251 (the one place that reads foreign weights)
            io.BytesIO(content), map_location="cpu", weights_only=True
        )
    except Exception as error:  # noqa: BLE001 (the unpickler raises errors of every kind)
        raise _NotOneError(_why_not_tensors(str(error))) from None
    if not isinstance(read, dict) or len(read) > MAX_TENSORS:
        raise _NotOneError(f"`{WEIGHTS}` is no table of at most {MAX_TENSORS:,} tensors")
    room = len(content)
    for name, value in read.items():
        if not isinstance(name, str) or not _is_plain(value):
            raise _NotOneError(f"`{name}` in `{WEIGHTS}` is no plain tensor")
        room -= value.numel() * value.element_size()
    if room < -4 * len(content):
        raise _NotOneError(f"the tensors in `{WEIGHTS}` share too much memory")
    return {name: _float32(value) for name, value in read.items()}


def _check_zip(content: bytes) -> None:
    """Refuse what may unfold to more than it is; such files are written without compression."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError) as error:
        raise _NotOneError(f"`{WEIGHTS}` is damaged or of a release before 2020: {error}") from None
    index = max((i.file_size for i in infos if i.filename.endswith(".pkl")), default=0)
    stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
    if not stored or sum(i.file_size for i in infos) > len(content) or index > MAX_INDEX_BYTES:
        raise _NotOneError(f"`{WEIGHTS}` is compressed, or larger inside than outside")


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


def _why_not_tensors(told: str) -> str:
    named = _FOREIGN.search(told)
    if named:
        return f"`{WEIGHTS}` wants to run `{named[1]}`; only tensors are read"
    return f"`{WEIGHTS}` is damaged, or holds more than tensors"
