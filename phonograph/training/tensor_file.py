"""Tensors in a file that is there whole, or not at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from phonograph.whole_file import whole_file


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors as safetensors; when this returns, they are on the disk.

    Args:
        path: where they go; what stands there is replaced.
        tensors: name -> tensor of any device and layout; some may share memory.
        metadata: texts for the header of the file.

    Raises:
        OSError: the file cannot be written, such as on a full disk.

    >>> import tempfile, torch
    >>> from safetensors.torch import load_file
    >>> path = Path(tempfile.mkdtemp()) / "weights.safetensors"
    >>> write_tensors(path, {"scale": torch.ones(2)})
    >>> load_file(path)
    {'scale': tensor([1., 1.])}
    """
    # copies, because safetensors refuses tensors that share memory, as tied weights do
    copies = {name: one.detach().cpu().clone().contiguous() for name, one in tensors.items()}
    with whole_file(path) as temporary:
        try:
            save_file(copies, temporary, dict(metadata) if metadata else None)
        except SafetensorError as error:
            raise _system_error(error, path) from None
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())


def _system_error(error: SafetensorError, path: Path) -> OSError:
    """Make an error of Python's out of one that safetensors has only as text."""
    number = re.search(r"os error (\d+)", str(error))
    code = int(number[1]) if number else errno.EIO
    return OSError(code, os.strerror(code), str(path))
