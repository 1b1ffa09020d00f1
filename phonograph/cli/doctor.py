"""`phonograph doctor`: does this machine have what is needed?"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import typer

import phonograph
from phonograph.cli.graph_argument import AsJson
from phonograph.cli.screen import output, say_json

LEAST_MEMORY = 2.0
"""GB of memory that training of a small recogniser takes."""

LEAST_DISK = 1.0
"""GB of disk for checkpoints."""

_REQUIREMENT = re.compile(r"([\w.-]+)[^>=;]*(?:[>=]=([\d.]+))?.*?(?:extra == ['\"](\w+)['\"])?$")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what it is.
        state: `ok`; `missing` where phonograph cannot work; `optional` where it can.
        found: what there is.
        help: what to do.
    """

    name: str
    state: Literal["ok", "missing", "optional"]
    found: str
    help: str = ""


def doctor(*, as_json: AsJson = False) -> None:
    """See whether this machine is ready.

    What is missing is named, with how to get it.

    Examples:
      phonograph doctor
      phonograph doctor --json
    """
    findings = list(examine())
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        say_json({"ok": healthy, "findings": [asdict(finding) for finding in findings]})
    else:
        _print(findings, healthy=healthy)
    if not healthy:
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which it is shown."""
    yield Finding(
        "phonograph", "ok", f"{phonograph.__version__} in {Path(phonograph.__file__).parent}"
    )
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield from _packages()
    yield from _torch()
    yield _soundfile()
    yield _ffmpeg()
    yield from _space()


def _packages() -> Iterator[Finding]:
    try:
        lines = requires("phonograph") or []
    except PackageNotFoundError:
        help = "install it: pip install ."
        yield Finding("installation", "missing", "phonograph runs without being installed", help)
        return
    for line in lines:
        parts = _REQUIREMENT.match(line)
        if parts is not None and parts[3] != "test":
            yield _package(parts[1], parts[2] or "0", parts[3])


def _package(name: str, least: str, extra: str | None) -> Finding:
    absent: Literal["missing", "optional"] = "optional" if extra else "missing"
    help = f'pip install "phonograph[{extra}]"' if extra else f'pip install "{name}>={least}"'
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, absent, "not installed", help)
    if _numbers(found) < _numbers(least):
        return Finding(name, absent, f"{found}, older than {least}", help)
    return Finding(name, "ok", found)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", text.partition("+")[0])[:3])


def _torch() -> Iterator[Finding]:
    try:
        torch = import_module("torch")
    except (ImportError, OSError) as error:
        help = "reinstall torch for this system: https://pytorch.org/get-started"
        yield Finding("torch", "missing", f"does not start: {error}", help)
        return
    yield Finding(
        "processor", "ok", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads used"
    )
    if torch.accelerator.is_available():
        kind, count = torch.accelerator.current_accelerator().type, torch.accelerator.device_count()
        name = torch.cuda.get_device_name() if kind == "cuda" else kind
        yield Finding("accelerator", "ok", f"{count} x {name}")
    else:
        yield Finding("accelerator", "optional", "none: everything runs on the processor")


def _soundfile() -> Finding:
    try:
        soundfile = import_module("soundfile")
    except (ImportError, OSError) as error:
        return Finding("libsndfile", "missing", f"does not start: {error}", "pip install soundfile")
    formats = soundfile.available_formats()
    wanted = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name in formats]
    return Finding(
        "libsndfile", "ok", f"{soundfile.__libsndfile_version__}: {', '.join(wanted)}, …"
    )


def _ffmpeg() -> Finding:
    path = shutil.which("ffmpeg")
    if path:
        return Finding("ffmpeg", "ok", path)
    help = "needed only to convert formats such as m4a: https://ffmpeg.org"
    return Finding("ffmpeg", "optional", "not installed", help)


def _space() -> Iterator[Finding]:
    here = Path.cwd()
    free = shutil.disk_usage(here).free / 1e9
    help = f"training writes into runs/: keep {LEAST_DISK:g} GB free"
    yield Finding("disk", "ok" if free >= LEAST_DISK else "missing", f"{free:.1f} GB free", help)
    try:
        with tempfile.TemporaryFile(dir=here):
            yield Finding("write access", "ok", str(here))
    except OSError as error:
        help = "go to a folder of your own, or give --run"
        yield Finding("write access", "optional", f"{here}: {error.strerror}", help)
    memory = _available_memory()
    if memory is not None:
        help = f"training of a small recogniser takes {LEAST_MEMORY:g} GB"
        state: Literal["ok", "optional"] = "ok" if memory >= LEAST_MEMORY else "optional"
        yield Finding("memory", state, f"{memory:.1f} GB available", help)


def _available_memory() -> float | None:
    """GB of memory; only Linux says it without another package."""
    if not sys.platform.startswith("linux"):
        return None
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _print(findings: list[Finding], *, healthy: bool) -> None:
    console = output()
    styles = {"ok": "green", "missing": "bold red", "optional": "yellow"}
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        console.print(f"{finding.state:9}", style=styles[finding.state], end="")
        console.print(f"{finding.name:{width}}  {finding.found}", soft_wrap=True)
        if finding.state != "ok" and finding.help:
            console.print(f"{'':{width + 9}}  {finding.help}", soft_wrap=True)
    console.print(
        "\nall that is needed is here" if healthy else "\nsomething that is needed is missing"
    )
