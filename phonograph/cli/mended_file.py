"""Mend a graph file where its faults say how; the file is replaced in one step, or not at all."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from phonograph.cli.graph_argument import check_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from phonograph.errors import Diagnostic
    from phonograph.graphs.check import Checked


@dataclass(frozen=True, slots=True)
class MendedFile:
    """What was done to a file.

    Args:
        checked: what a check of the file says now.
        edits: how many edits were made.
        diff: what was changed, as a unified diff; empty where nothing was.
    """

    checked: Checked
    edits: int
    diff: str


def mend_file(name: str, overrides: Sequence[str]) -> MendedFile:
    """Mend a graph file and check it.

    Every attempt is written beside the file, under a temporary name, so that what it refers to is
    found; the last one takes the file's place when it has fewer faults.

    Args:
        name: the file.
        overrides: `key=value` texts; their own faults are left.

    Raises:
        OSError: the folder cannot be written to.
    """
    from phonograph.graphs.mend import mend

    path = Path(name).resolve()
    checked = check_file(path, name, overrides)
    if not any(fault.fix for fault in checked.faults):
        return MendedFile(checked, 0, "")
    content = path.read_bytes()
    start = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = content.removeprefix(start).decode("utf-8")
    handle, written = tempfile.mkstemp(path.suffix, f".{path.stem}.", path.parent)
    os.close(handle)
    temporary = Path(written)
    try:

        def check(attempt: str) -> Sequence[Diagnostic]:
            temporary.write_bytes(start + attempt.encode("utf-8"))
            return check_file(temporary, name, overrides).faults

        mended = mend(text, name, check)
        if mended.text != text:
            check(mended.text)
            shutil.copymode(path, temporary)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    before, after = (one.splitlines() for one in (text, mended.text))
    diff = "\n".join(unified_diff(before, after, name, f"{name}, mended", n=1, lineterm=""))
    return MendedFile(check_file(path, name, overrides), mended.edits, diff)
