"""Make `.venv` and install the project into it; needs nothing but Python's standard library."""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import NamedTuple

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python learns it
    sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "phonograph.json"
LOG = VENV / "install.log"
TORCH = ("torch==2.14.1", "torchaudio==2.11.0")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
WINDOWS = os.name == "nt"


class Stamp(NamedTuple):
    """What was installed."""

    project: str = ""  # hash of pyproject.toml
    extras: tuple[str, ...] = ()  # groups of optional packages
    torch: tuple[str, ...] = TORCH
    torch_index: str = ""  # empty: where pip looks by itself


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the build of torch."""
    group = parser.add_argument_group("set-up")
    group.add_argument(
        "--cpu",
        action="store_true",
        help=f"install torch from {CPU_INDEX}: a much smaller download, without CUDA",
    )
    group.add_argument(
        "--torch",
        metavar="SPEC",
        help=f'requirements for pip instead of "{" ".join(TORCH)}", in quotes',
    )


def prepare(extras: list[str], *, cpu: bool = False, torch: str | None = None) -> Path:
    """Make `.venv` if it is missing or out of date.

    Args:
        extras: groups of optional packages, such as `test`; those installed before stay.
        cpu: whether torch comes from the index of CPU builds.
        torch: requirements that replace the tested versions.

    Returns:
        The Python of `.venv`.
    """
    done = read_stamp()
    wanted = Stamp(
        project=hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        extras=tuple(sorted({*extras, *done.extras})),
        torch=tuple(torch.split()) if torch else done.torch,
        torch_index=CPU_INDEX if cpu else "" if torch else done.torch_index,
    )
    if wanted != done:
        if not program("pip").exists():
            make_environment()
        started = time.monotonic()
        print(
            f"Installing into {VENV} (torch is large; the log is {LOG.name} in it) ...", flush=True
        )
        LOG.write_text("", encoding="utf-8")
        STAMP.unlink(missing_ok=True)
        if wanted.torch_index:
            install([*wanted.torch, "--index-url", wanted.torch_index])
        install([*wanted.torch, "--editable", f".[{','.join(wanted.extras)}]"])
        STAMP.write_text(json.dumps(wanted._asdict()), encoding="utf-8")
        print(f"Installed in {time.monotonic() - started:.0f} s.\n", flush=True)
    return program("python")


def program(name: str) -> Path:
    """Say where `.venv` has a program, on this system."""
    if WINDOWS:
        return VENV / "Scripts" / f"{name}.exe"
    return VENV / "bin" / name


def read_stamp() -> Stamp:
    """Read what was installed; nothing when there is nothing to rely on."""
    if not program("python").exists() or not STAMP.exists():
        return Stamp()
    values = json.loads(STAMP.read_text(encoding="utf-8"))
    return Stamp(
        values["project"], tuple(values["extras"]), tuple(values["torch"]), values["torch_index"]
    )


def make_environment() -> None:
    """Create `.venv` with pip in it, or mend one that was left half made."""
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"{sys.executable} cannot make virtual environments: ensurepip is missing.\n"
            f"On Debian and Ubuntu: sudo apt-get install python{version}-venv"
        )
    print(f"Making {VENV} with Python {sys.version.split()[0]} ...", flush=True)
    clear = not program("python").exists()
    venv.create(VENV, clear=clear, symlinks=not WINDOWS, with_pip=True)


def install(requirements: list[str]) -> None:
    """Run pip: one line that changes on a terminal, everything in the log."""
    command = [str(program("python")), "-m", "pip", "install", "--disable-pip-version-check"]
    pip = subprocess.Popen(
        [*command, "--progress-bar", "off", *requirements],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    with LOG.open("a", encoding="utf-8") as log, pip:
        for line in pip.stdout or ():
            log.write(line)
            show_progress(line.strip())
    show_progress("")
    if pip.returncode:
        last = LOG.read_text(encoding="utf-8").splitlines()[-15:]
        print("\n".join(last))
        sys.exit(f"pip could not install phonograph; everything it said is in {LOG}")


def show_progress(line: str) -> None:
    """Replace the current line of a terminal; say nothing elsewhere."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r" + line[:width].ljust(width), end="" if line else "\r", flush=True)
