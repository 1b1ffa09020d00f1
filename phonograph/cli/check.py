"""`phonograph check`: prove a graph."""

from __future__ import annotations

import typer

from phonograph.cli.graph_argument import AsJson, Graph, Overrides, check_argument
from phonograph.cli.screen import counted, say, say_json, tell


def check(graph: Graph, overrides: Overrides, *, as_json: AsJson = False) -> None:
    """Prove a graph, or say which lines to change.

    All faults are reported at once. Nothing is trained, and no recording is read.

    Examples:
      phonograph check my.yaml
      phonograph check phonograph://asr/prompts
      phonograph check my.yaml modules.mel.with.n_mels=64
    """
    from phonograph.graphs.left_open import left_open

    checked = check_argument(graph, overrides)
    solved, faults = checked.graph, checked.faults
    still_open = list(left_open(solved)) if solved else []
    if as_json:
        errors = [fault.to_json() for fault in faults]
        name = solved.name if solved else None
        say_json(
            {"ok": solved is not None, "name": name, "errors": errors, "left_open": still_open}
        )
    elif solved is None:
        tell(faults, counted(len(faults), "error"))
    if solved is None:
        raise typer.Exit(1)
    if not as_json:
        modules, views = (
            counted(len(solved.nodes), "module"),
            counted(len(solved.spec.views), "view"),
        )
        say(f"ok: {solved.name}: {modules}, {views}")
        if still_open:
            say(f"still to be given (???): {', '.join(still_open)}")
