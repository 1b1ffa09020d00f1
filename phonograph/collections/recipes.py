"""Ready-made graphs: `phonograph://asr/prompts` names one that ships with the package."""

from __future__ import annotations

import re
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, nearest

SCHEME = "phonograph://"

_HERE = Path(__file__).parent


def locate(text: str) -> tuple[Path, str]:
    """Return the file of a graph and what to call it in messages.

    Args:
        text: `phonograph://collection/name`, or a path.

    Raises:
        GraphError: no such recipe.

    >>> locate("my/graph.yaml")[1]
    'my/graph.yaml'
    """
    if not text.startswith(SCHEME):
        return Path(text), text
    name = text.removeprefix(SCHEME)
    if name not in recipe_names():
        help = nearest(name, recipe_names())
        raise GraphError(Diagnostic("PG002", f"there is no recipe `{text}`", help=help))
    collection, _, recipe = name.partition("/")
    return _HERE / collection / "recipes" / f"{recipe}.yaml", text


def recipe_names() -> list[str]:
    """Return every recipe as `collection/name`."""
    found = _HERE.glob("*/recipes/*.yaml")
    return sorted(re.sub(r"\.yaml$", "", f"{path.parts[-3]}/{path.name}") for path in found)
