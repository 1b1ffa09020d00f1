"""The `.nemo` file: a tar of configuration, weights and tokenizer files, read as data only."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from torch import Tensor

from phonograph.collections.asr.torch_checkpoint import read_torch_checkpoint
from phonograph.errors import BundleError, Diagnostic, Place
from phonograph.graphs.bundle import MAX_WEIGHT_BYTES
from phonograph.graphs.document import MAX_BYTES

CONFIGURATION, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
UNREADABLE = "PB030"

MAX_MEMBERS = 256
MAX_FILE_BYTES = 1 << 26

_PIECE = 1 << 20
"""Bytes read at a time; no header of a tar is longer."""
_GZIP = b"\x1f\x8b"


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
    except (tarfile.TarError, EOFError, RecursionError, zlib.error, ValueError) as error:
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
    try:
        return read_torch_checkpoint(io.BytesIO(content), WEIGHTS)
    except ValueError as error:
        raise _NotOneError(str(error)) from None
