"""Writing text files so that they are there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file under another name, then give it its own.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(path.parent))
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:  # tells the file that was asked for, not the temporary one
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o666 & ~_mask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_all(texts: Mapping[Path, str]) -> None:
    """Write several files, with the folders they need; when one fails, those before it go again.

    Args:
        texts: path -> text.

    Raises:
        OSError: one of them cannot be written.
    """
    fresh = [path for path in texts if not path.exists()]
    folders = [
        folder
        for path in texts
        for folder in (path.parent, *path.parent.parents)
        if not folder.exists()
    ]
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
    except BaseException:
        for path in fresh:
            path.unlink(missing_ok=True)
        for folder in sorted(set(folders), key=lambda one: -len(one.parts)):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise


def _mask() -> int:
    """Return what the user's files may not be, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
