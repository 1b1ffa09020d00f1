"""`phonograph schema`: what an editor needs to complete and check graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from phonograph.cli.screen import say
from phonograph.whole_file import write_whole


def schema(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")
    ] = None,
) -> None:
    """Print the JSON Schema of graphs, with which an editor completes them.

    It is made from the signatures of all modules. An editor with the YAML language server, such as
    VS Code with its YAML extension, takes it where a graph's first line names it:

    Examples:
      phonograph schema --output phonograph.schema.json
      # yaml-language-server: $schema=phonograph.schema.json
    """
    text = json.dumps(whole_schema(), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        say(text.rstrip())
        return
    write_whole(output, text)
    say(f"wrote {output}; the first line of a graph beside it:")
    say(f"# yaml-language-server: $schema={output.name}")


def whole_schema() -> dict[str, Any]:
    """Return the schema of every module that is there."""
    from phonograph.collections import default_metrics, default_registry
    from phonograph.graphs.annotation_schema import AnnotationSchemas
    from phonograph.graphs.schema import graph_schema
    from phonograph.training.settings_schema import train_schema

    schemas = AnnotationSchemas()
    train = train_schema(schemas)
    return graph_schema(default_registry(), schemas, train=train, metrics=default_metrics())
