"""`phonograph report`: what a training came to, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonograph.cli.screen import say


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="MANIFEST", help="What to hear, in place of the validation data."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; RUN/report.html else.")
    ] = None,
) -> None:
    """Show a training on one page: curves, errors with players, confusions, alignment.

    The page needs no network. Training writes it when it ends; this command writes it at any time.

    Examples:
      phonograph report runs/prompts
      phonograph report runs/prompts --data test.jsonl --output test.html
    """
    from phonograph.collections import default_metrics, default_registry
    from phonograph.training.report.run_report import run_report
    from phonograph.training.run_directory import RunDirectory
    from phonograph.whole_file import write_whole

    directory = RunDirectory(run)
    text = run_report(directory, default_registry(), default_metrics(), data)
    file = output or directory.report
    write_whole(file, text)
    say(f"wrote {file}")
