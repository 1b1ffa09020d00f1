"""Load a module of an installed plugin; whatever goes wrong in its code is told as one fault."""

from __future__ import annotations

import inspect
import linecache
import re
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.types import kinds
from phonograph.types.declaration import Declaration, declaration_of

CODE = "PG017"

_TELLING = (AttributeError, ImportError, NameError, SyntaxError, TypeError, ValueError)
"""Errors whose text says enough without their name."""

_MISSING_NAME = re.compile(r"cannot import name '(\w+)'")


def load_plugin(id: str, target: str, distribution: str) -> Declaration:
    """Import a plugin's class and return its declaration.

    Args:
        id: the module's id, the name of the entry point.
        target: `package.module:Class`, the value of the entry point.
        distribution: name and version of what is installed.

    Raises:
        GraphError: it cannot be imported, or its class is no module of that id.
    """
    cls: type | None = None
    try:
        cls = _class_at(target)
        declaration = declaration_of(cls)
        if declaration.id != id:
            raise TypeError(f"its class is registered as `{declaration.id}`")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code raises anything
        raise GraphError(_fault(id, target, distribution, error, cls)) from None
    return declaration


def contested_fault(id: str, distributions: tuple[str, ...]) -> Diagnostic:
    """Say that several distributions claim an id.

    >>> contested_fault("lab.mel", ("one 1.0", "two 2.0")).message
    'the module `lab.mel` is claimed by `one 1.0` and by `two 2.0`'
    """
    *others, last = (f"`{name}`" for name in distributions)
    message = f"the module `{id}` is claimed by {', '.join(others)} and by {last}"
    plugins = [name.partition(" ")[0] for name in distributions[1:]]
    return Diagnostic(CODE, message, help=f"uninstall one: pip uninstall {plugins[-1]}")


def _class_at(target: str) -> type:
    path, colon, name = target.partition(":")
    if not colon:
        raise TypeError("it names no class: write `package.module:Class`")
    found = getattr(import_module(path), name)
    if not isinstance(found, type):
        raise TypeError(f"`{target}` is no class")
    return found


def _fault(
    id: str, target: str, distribution: str, error: BaseException, cls: type | None
) -> Diagnostic:
    reason = (str(error).strip() or "it raises no message").partition("\n")[0]
    if isinstance(error, SyntaxError):
        reason = error.msg
    if not isinstance(error, _TELLING):
        reason = f"{type(error).__name__}: {reason}"
    message = f"the module `{id}` of the plugin `{distribution}` cannot be loaded: {reason}"
    line = _line_of(error, target) or (_line_in_class(cls, reason) if cls else "")
    return Diagnostic(
        CODE,
        message,
        causes=(line or f"its entry point is `{id} = {target}`",),
        help=_help(error),
    )


def _line_of(error: BaseException, target: str) -> str:
    """The last line of the plugin that led to the error."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _spelt(error.filename, error.lineno)
    folder = _folder_of(target)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if folder and Path(frame.filename).is_relative_to(folder)]
    return _spelt(own[-1].filename, own[-1].lineno or 0) if own else ""


def _folder_of(target: str) -> Path | None:
    """Where the code of a plugin lies, a folder or a single file."""
    package = re.split(r"[.:]", target)[0]
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


def _line_in_class(cls: type, reason: str) -> str:
    """The first line of a class that has what the reason quotes, or else its first line."""
    try:
        file, (lines, start) = inspect.getsourcefile(cls), inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return ""
    quoted = re.findall(r"['`]([^'`]+)['`]", reason)
    places = (at for at, line in enumerate(lines) if any(text in line for text in quoted))
    return _spelt(file, start + next(places, 0)) if file else ""


def _spelt(file: str, line: int) -> str:
    text = linecache.getline(file, line).strip()
    return f"{file}:{line}: {text}" if text else f"{file}:{line}"


def _help(error: BaseException) -> str:
    """Name the kinds that resemble one that is misspelt."""
    missing = _MISSING_NAME.search(str(error)) if isinstance(error, ImportError) else None
    name = error.name if isinstance(error, NameError) else missing and missing[1]
    known = [name for name, value in vars(kinds).items() if _is_kind(value)]
    guess = nearest(name or "", known)
    return guess if guess.startswith("did you mean") else ""


def _is_kind(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, kinds.Kind)
