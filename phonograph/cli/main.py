"""`phonograph`: the commands, and what happens when one of them fails."""

from __future__ import annotations

import errno
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import phonograph
from phonograph.cli.check import check
from phonograph.cli.diff import diff
from phonograph.cli.doctor import doctor
from phonograph.cli.evaluate import evaluate
from phonograph.cli.explain import explain
from phonograph.cli.export import export
from phonograph.cli.import_model import import_model
from phonograph.cli.init import init
from phonograph.cli.modules import modules
from phonograph.cli.replay import replay
from phonograph.cli.report import report
from phonograph.cli.schema import schema
from phonograph.cli.screen import tell
from phonograph.cli.show import show
from phonograph.cli.tokenizer import TOKENIZER, show_tokenizer, train_tokenizer
from phonograph.cli.train import train
from phonograph.cli.transcribe import transcribe
from phonograph.errors import Diagnostic, PhonographError

INPUT_AT_FAULT = 1
INTERRUPTED = 130
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors that name no file: the system tells them when writing, not when opening."""


class Commands(TyperGroup):
    """Runs a command; what a user can mend is told without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with _mendable():
            return super().invoke(ctx)


@contextmanager
def _mendable() -> Iterator[None]:
    try:
        yield
    except PhonographError as error:
        tell(error.diagnostics)
        raise typer.Exit(INPUT_AT_FAULT) from None
    except BrokenPipeError:
        # what is still buffered has nowhere to go, and Python would complain about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(INPUT_AT_FAULT) from None
    except OSError as error:
        if error.filename is None and error.errno not in DISK_FULL:
            raise
        subject = f"`{error.filename}`: " if error.filename is not None else ""
        tell([Diagnostic("PC001", f"{subject}{error.strerror}")])
        raise typer.Exit(INPUT_AT_FAULT) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # plain text: it starts faster, and stays readable in a log
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def with_examples(documentation: str) -> str:
    """Keep the lines of the examples in a docstring apart where it is shown as help."""
    return inspect.cleandoc(documentation).replace("\n\nExamples", "\n\n\b\nExamples")


def _add(command: Callable[..., None], name: str | None = None) -> None:
    app.command(name, help=with_examples(command.__doc__ or ""))(command)


def _group(name: str, help: str, commands: Mapping[str, Callable[..., None]]) -> None:
    """Add commands that stand behind a word of their own."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=with_examples(help))
    for word, command in commands.items():
        group.command(word, help=with_examples(command.__doc__ or ""))(command)
    app.add_typer(group, name=name)


_add(init)
_add(check)
_add(show)
_add(diff)
_add(modules)
_add(schema)
_group(
    "tokenizer",
    TOKENIZER,
    {"train": train_tokenizer, "show": show_tokenizer},
)
_add(train)
_add(report)
_add(replay)
_add(evaluate)
_add(transcribe)
_add(import_model, "import")
_add(export)
_add(explain)
_add(doctor)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        print(f"phonograph {phonograph.__version__}")
        raise typer.Exit


def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Speech recognisers written as proved graphs of typed modules.

    Examples, with the speech that is shipped:
      phonograph init
      phonograph check phonograph://asr/prompts
      phonograph import hama hama.phono
      phonograph train phonograph://asr/prompts init.from=hama.phono --run runs/prompts
      phonograph transcribe runs/prompts/best.phono my.wav

    Exit status: 0 done, 1 the input is at fault, 2 wrong usage, 130 interrupted.
    """


app.callback(help=with_examples(options.__doc__ or ""))(options)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="phonograph")
