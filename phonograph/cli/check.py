"""`phonograph check`: prove a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import BUNDLE_SUFFIX, AsJson, Graph, Overrides, check_argument
from phonograph.cli.screen import note, on_terminal, print_styled, say, say_json, tell
from phonograph.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from phonograph.cli.mended_file import MendedFile
    from phonograph.errors import Diagnostic
    from phonograph.graphs.check import Checked
    from phonograph.graphs.solved import SolvedGraph
    from phonograph.training.preflight.preflight import Preflight

_DIFF_STYLES = {r"(?m)^-.*$": "red", r"(?m)^\+.*$": "green", r"(?m)^@@.*$": "cyan"}


def check(
    graph: Graph,
    overrides: Overrides,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Change the file where a fault can be mended in one way.")
    ] = False,
    data: Annotated[
        bool, typer.Option("--data", help="Look at every line and recording that the graph names.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --data: write what was found as a page to hear."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove a graph, or say which lines to change.

    All faults are reported at once. Nothing is trained, and without --data no recording is read.

    --fix makes the changes that nobody need think about: a misspelt name with one neighbour, a
    number in quotes, a size that is solved anyway, an input that one output fits, a missing
    version. It shows what it changed; comments and all else stay as they are.

    --data looks at the manifests too: every line, transcript and recording, each against the graph.
    Errors (exit 1) are what training would stop at, leave out, or measure wrongly; warnings are
    what it accepts though it is mostly a mistake. The JSON has all of it under `data`; its keys
    are explained in docs/preflight.md.

    Examples:
      phonograph check my.yaml
      phonograph check my.yaml --fix
      phonograph check my.yaml --data --page preflight.html
      phonograph check phonograph://asr/prompts
      phonograph check my.yaml modules.mel.with.n_mels=64
    """
    if page is not None and not data:
        raise typer.BadParameter("a page is made of what --data finds", param_hint="--page")
    mended = _mend(graph, overrides) if fix else None
    checked = mended.checked if mended else check_argument(graph, overrides)
    if not as_json:
        _print(graph, checked, mended)
    found = _look_at_data(checked, page) if data else None
    if as_json:
        say_json(_to_json(checked, mended, found))
    elif found is not None:
        from phonograph.cli.preflight import print_data

        print_data(found, page)
    if checked.graph is None or (found is not None and found.errors):
        raise typer.Exit(1)


def _look_at_data(checked: Checked, page: Path | None) -> Preflight | None:
    """Look at the data of a graph that holds."""
    from phonograph.cli.preflight import look_at_data

    return None if checked.graph is None else look_at_data(checked.graph, page)


def _mend(graph: str, overrides: Sequence[str]) -> MendedFile:
    from phonograph.cli.mended_file import mend_file
    from phonograph.collections.recipes import SCHEME

    if graph.startswith(SCHEME) or graph.endswith(BUNDLE_SUFFIX):
        message = f"`{graph}` is finished; --fix changes graph files of your own"
        raise typer.BadParameter(message, param_hint="--fix")
    return mend_file(graph, overrides)


def _to_json(
    checked: Checked, mended: MendedFile | None, data: Preflight | None
) -> dict[str, object]:
    solved = checked.graph
    found: dict[str, object] = {
        "ok": solved is not None and (data is None or data.errors == 0),
        "name": solved.name if solved else None,
        "errors": [fault.to_json() for fault in checked.faults],
        "left_open": _still_open(solved),
    }
    if mended:
        found |= {"edits": mended.edits, "diff": mended.diff}
    if data:
        from phonograph.training.preflight.report_json import to_json

        found["data"] = to_json(data)
    return found


def _print(graph: str, checked: Checked, mended: MendedFile | None) -> None:
    if mended and mended.diff:
        print_styled(mended.diff, _DIFF_STYLES)
        say(f"\n{graph}: {counted(mended.edits, 'change')} made")
    solved = checked.graph
    if solved is None:
        if mended and mended.diff:
            note("")
        tell(checked.faults, _closing(checked.faults, mended))
        return
    modules, views = counted(len(solved.nodes), "module"), counted(len(solved.spec.views), "view")
    say(f"ok: {solved.name}: {modules}, {views}")
    if still_open := _still_open(solved):
        say(f"still to be given (???): {', '.join(still_open)}")


def _closing(faults: Sequence[Diagnostic], mended: MendedFile | None) -> str:
    """Count the faults; say how many can be mended, or why they were left."""
    count = counted(len(faults), "error")
    if not mended:
        mendable = sum(fault.fix is not None for fault in faults) if on_terminal() else 0
        which = "which" if len(faults) == 1 else f"{mendable} of which"
        return f"{count}, {which} --fix mends" if mendable else count
    left = f"{count} {'is' if len(faults) == 1 else 'are'} left"
    if any(fault.place and fault.place.file.startswith("command line") for fault in faults):
        return f"{left}; --fix changes the file, not what the command line says"
    return f"{left} for you to mend"


def _still_open(solved: SolvedGraph | None) -> list[str]:
    from phonograph.graphs.left_open import left_open

    return list(left_open(solved)) if solved else []
