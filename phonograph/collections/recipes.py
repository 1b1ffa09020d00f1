"""Ready-made graphs: `phonograph://asr/prompts` names one that ships with the package."""

from __future__ import annotations

import re
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, Place, near_names, nearest

SCHEME = "phonograph://"

_MISSING = "cannot read the graph: No such file or directory"
_HERE = Path(__file__).parent


def locate(text: str) -> tuple[Path, str]:
    """Return the file of a graph and what to call it in messages.

    Args:
        text: `phonograph://collection/name`, or a path.

    Raises:
        GraphError: no such recipe, or no such file where one resembles it.

    >>> locate("my/graph.yaml")[1]
    'my/graph.yaml'
    """
    if not text.startswith(SCHEME):
        if not Path(text).exists() and (help := _meant(text)):
            raise GraphError(Diagnostic("PG002", _MISSING, Place(text), help=help))
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


def _meant(text: str) -> str:
    """Say which recipe, or which graph of the same folder, a missing file resembles."""
    last = Path(text).name
    recipes = [f"{SCHEME}{name}" for name in recipe_names() if name.rpartition("/")[2] == last]
    folder = Path(text).parent
    beside = [path.name for path in sorted(folder.glob("*.y*ml"))] if folder.is_dir() else []
    close = [*recipes, *(str(folder / name) for name in near_names(last, beside))]
    return f"did you mean {' or '.join(f'`{one}`' for one in close[:3])}?" if close else ""
