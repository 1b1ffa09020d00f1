"""Write plain data as YAML that reads back equal."""

from __future__ import annotations

from typing import Any

import yaml

from phonograph.graphs.scalars import scalar

_WIDTH = 100


class _Writer(yaml.SafeDumper):  # type: ignore[misc] # PyYAML has no types
    """Writes every text so that the core schema of YAML 1.2 reads a text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as PyYAML has it
        """Write what occurs twice twice: aliases make a graph hard to read."""
        return True


def to_yaml(data: Any) -> str:
    """Return YAML text; the innermost lists and mappings stand in brackets.

    Args:
        data: dictionaries with text keys, lists, texts, numbers, booleans and None.

    >>> print(to_yaml({"lr": 1e-05, "name": "1e-5", "from": ["a.b"]}), end="")
    lr: 1.0e-05
    name: "1e-5"
    from: [a.b]
    """
    return yaml.dump(
        data,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=_WIDTH,
    )


def _text(writer: _Writer, text: str) -> yaml.Node:
    plain = scalar(text) == text and isinstance(scalar(text), str)
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Writer.add_representer(str, _text)
