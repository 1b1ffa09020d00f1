"""Writing files so that they are there whole, or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_OTHER_NAME = re.compile(r"\..+(\.\w+)\.[a-z0-9_]{8}\1")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lend another name to write a file under; it gets its own when nothing went wrong.

    Args:
        path: where it goes; what stands there is replaced.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(path.parent))
    try:
        handle, name = tempfile.mkstemp(path.suffix, f".{path.name}.", path.parent)
    except OSError as error:  # tells the file that was asked for, not the temporary one
        raise type(error)(error.errno, error.strerror, str(path)) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_mask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        OSError: the folder does not exist, or cannot be written to.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def half_written(folder: Path) -> list[Path]:
    """Return what processes left in a folder that were killed while they wrote a whole file.

    Files that are being written now have such names, too.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "last.state"):
    ...     [path.suffix for path in half_written(folder)]
    ['.state']
    >>> half_written(folder), half_written(folder / "missing")
    ([], [])
    """
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if _OTHER_NAME.fullmatch(path.name)]


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


@cache
def _mask() -> int:
    """Return what the user's files may not be, which can only be read by setting it.

    Once: two threads that set it at a time would leave it wrong.
    """
    mask = os.umask(0)
    os.umask(mask)
    return mask
