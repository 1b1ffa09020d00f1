"""Where graph files may come from: shipped recipes, and files under one folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, Place

SUFFIXES = (".yaml", ".yml")
SCHEME = "phonograph://"

_PACKAGE = Path(__file__).resolve().parents[1]

Locate = Callable[[str], tuple[Path, str]]
"""Takes `phonograph://…`; returns the recipe's file and what to call it, or raises GraphError."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that a graph may start from, or stand for nodes of it.

    Args:
        root: files are read only below this folder.
        locate: finds shipped recipes; None when there are none.
    """

    root: Path
    locate: Locate | None = None

    @classmethod
    def around(cls, path: Path, locate: Locate | None = None) -> Sources:
        """Return the sources of a graph file: the working directory it lies in, or its folder."""
        here, folder = Path.cwd(), path.resolve().parent
        return cls(here if folder.is_relative_to(here) else folder, locate)

    def find(self, text: str, folder: Path, place: Place) -> tuple[Path, str]:
        """Return the file that a graph names, and what to call it in messages.

        Args:
            text: a relative path, or `phonograph://collection/name`.
            folder: what a path is relative to.
            place: where it is named.

        Raises:
            GraphError: there is no such file, or it lies outside of the root.
        """
        if text.startswith(SCHEME):
            return self._recipe(text, place)
        path = folder / text
        if not text.endswith(SUFFIXES):
            help = f"name a file that ends in {' or '.join(SUFFIXES)}, or a recipe: {SCHEME}asr/…"
            raise _refusal(f"`{text}` is no graph file", place, help=help)
        try:
            resolved = path.resolve()
            is_file = resolved.is_file()
        except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, a NUL
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise _refusal("this file cannot be looked up", place, reason) from None
        if not any(resolved.is_relative_to(root) for root in (self.root, _PACKAGE)):
            cause = f"files are read only below {self.root}"
            help = "run phonograph in the folder that holds both files"
            raise _refusal(f"`{text}` lies outside of what may be read", place, cause, help)
        if not is_file:
            raise _refusal(f"there is no file `{text}`", place, f"looked for {resolved}")
        return resolved, _name(path)

    def _recipe(self, text: str, place: Place) -> tuple[Path, str]:
        if self.locate is None:
            raise _refusal(f"there is no recipe `{text}`", place)
        try:
            return self.locate(text)
        except GraphError as error:
            fault = error.diagnostics[0]
            raise _refusal(fault.message, place, help=fault.help) from None


def _name(path: Path) -> str:
    """Spell a path as short as it can be read from the working directory."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here) if resolved.is_relative_to(here) else resolved)


def _refusal(message: str, place: Place, cause: str = "", help: str = "") -> GraphError:
    causes = (cause,) if cause else ()
    return GraphError(Diagnostic("PG018", message, place, causes=causes, help=help))
