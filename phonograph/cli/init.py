"""`phonograph init`: three questions, and a first graph."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from phonograph.cli.first_speech import PROMPTS, Source, find_speech, relative, told
from phonograph.cli.graph_argument import BUNDLE_SUFFIX
from phonograph.cli.screen import say, tell
from phonograph.errors import BundleError, DataError, Diagnostic, GraphError, PhonographError, Place
from phonograph.whole_file import write_all

if TYPE_CHECKING:
    from phonograph.collections.asr.continued_graph import Continued

NAME = "my.yaml"
RANDOM = "random"
SCHEMA = "phonograph.schema.json"
INTERRUPTED = 130

SizeName = Literal["tiny", "small", "medium", "large"]
Answer = TypeVar("Answer")

_MANIFESTS = frozenset({".jsonl", ".json"})
"""Endings of what is given as speech, not as the graph to write."""

_FROZEN_HOURS = 10.0
"""With less speech, an encoder is better left as it is."""


def init(
    path: Annotated[
        Path, typer.Argument(metavar="[FOLDER or FILE]", help=f"The graph; in a folder, {NAME}.")
    ] = Path(),
    *,
    train: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A manifest, or a folder of recordings with texts."),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(metavar="MANIFEST", help="What the best checkpoint is chosen on."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="random|FILE.phono", help="With which weights training starts."),
    ] = None,
    size: Annotated[
        SizeName | None, typer.Option(help="How large a model from random weights is.")
    ] = None,
    freeze: Annotated[
        bool | None,
        typer.Option("--freeze/--no-freeze", help="Whether a checkpoint's encoder stays as it is."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what is usual.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")] = False,
) -> None:
    """Write a first graph, after three questions.

    Which speech, with which weights training starts, and how large the model is. The speech is
    looked at, so the graph has its sample rate and its letters. An option answers its question.

    Examples:
      phonograph init
      phonograph init clinic.yaml --train calls/train.jsonl --start hama.phono
      phonograph init demo --yes
    """
    from phonograph.data.folder_manifest import SOUND

    if path.suffix in _MANIFESTS | SOUND:
        message = f"`{path}` is no graph; give speech as --train {path}"
        raise typer.BadParameter(message, param_hint="FOLDER or FILE")
    file = path if path.suffix in (".yaml", ".yml") else path / NAME
    _refuse_existing([file], overwrite=overwrite)
    questions = _Questions(asking=not yes)
    if not yes and (None in (train, start) or (size is None and freeze is None)):
        _refuse_without_terminal()
        say("Enter takes what stands in brackets, Ctrl-C leaves everything as it is.")
    try:
        source = questions.speech(train, file, validation)
        _refuse_existing(source.written, overwrite=overwrite)
        for line in told(source):
            say(f"   {line}")
        begin = questions.start(start, source)
        text = questions.graph(file, source, begin, size=size, freeze=freeze)
    except typer.Abort:  # Ctrl-C, or nobody types any more
        say("\nnothing is written")
        raise typer.Exit(INTERRUPTED) from None
    _prove(file, text)
    write_all({**source.written, file: text})
    _say_next(file, source)


class _Questions:
    """The three questions.

    Args:
        asking: whether they are asked; else the usual is taken.
    """

    def __init__(self, *, asking: bool) -> None:
        self.asking = asking

    def speech(self, given: str | None, file: Path, validation: Path | None) -> Source:
        """Which speech?"""

        def understood(answer: str) -> Source:
            return find_speech(answer, file, validation)

        lines = (
            "1. Which speech? A manifest (a JSON object a line), or a folder of recordings with",
            f"   texts beside them. `{PROMPTS}` are 14 minutes of English that are shipped.",
        )
        usual = next((str(path) for path in _usual_manifests(file.parent)), PROMPTS)
        return self._settle(given, lines, "path", usual, understood)

    def start(self, given: str | None, source: Source) -> tuple[Path, Continued] | None:
        """With which weights?"""

        def understood(answer: str) -> tuple[Path, Continued] | None:
            return None if answer == RANDOM else _checkpoint(Path(answer), source)

        lines = (
            "2. How does training start? From random weights, or from a checkpoint (*.phono).",
            "   `phonograph import hama hama.phono` makes one for English.",
        )
        return self._settle(given, lines, f"{RANDOM} or a file", RANDOM, understood)

    def graph(
        self,
        file: Path,
        source: Source,
        begin: tuple[Path, Continued] | None,
        *,
        size: SizeName | None,
        freeze: bool | None,
    ) -> str:
        """How large, or how much of the checkpoint stays? Return the graph's text."""
        from phonograph.collections.asr import first_graph

        name = re.sub(r"[^\w.-]+", "-", file.stem).strip("-.") or "graph"
        speech = first_graph.Speech(
            relative(source.train, file.parent),
            relative(source.validation, file.parent) if source.validation else None,
            source.survey,
        )
        if begin is None:
            if freeze is not None:
                message = "it is about a checkpoint; training starts from random weights"
                raise typer.BadParameter(message, param_hint="--freeze")
            chosen = self._size(size, source.survey.hours)
            text = first_graph.from_random(name, str(file), speech, chosen)
        else:
            if size is not None:
                message = "it is about random weights; the checkpoint has its size"
                raise typer.BadParameter(message, param_hint="--size")
            text = first_graph.from_checkpoint(
                name,
                str(file),
                speech,
                begin[1],
                checkpoint=relative(begin[0], file.parent),
                freeze=self._freeze(freeze, source.survey.hours),
            )
        beside = file.parent / SCHEMA
        return f"# yaml-language-server: $schema={SCHEMA}\n{text}" if beside.exists() else text

    def _size(self, given: SizeName | None, hours: float) -> SizeName:
        from phonograph.collections.asr.first_graph import SIZES, first_size

        sizes: Mapping[str, SizeName] = {name: name for name in SIZES}

        def understood(answer: str) -> SizeName:
            if answer not in sizes:
                raise ValueError(f"write one of {', '.join(sizes)}")
            return sizes[answer]

        rows = (f"     {name:8}{one.weights:>6}  {one.fits}" for name, one in SIZES.items())
        lines = ("3. How large is the model? By its number of weights:", *rows)
        return self._settle(given, lines, "size", first_size(hours), understood)

    def _freeze(self, given: bool | None, hours: float) -> bool:  # noqa: FBT001 - an answer
        usual = hours < _FROZEN_HOURS
        if given is not None or not self.asking:
            return usual if given is None else given
        say("\n3. Does its encoder stay as it is? Quicker, and better with less than ten hours.")
        return typer.confirm("   keep it", default=usual)

    def _settle(
        self,
        given: str | None,
        lines: Sequence[str],
        short: str,
        usual: str,
        understood: Callable[[str], Answer],
    ) -> Answer:
        """Return an answer that is understood: the given one, the usual one, or one asked for."""
        if given is not None or not self.asking:
            return understood(usual if given is None else given)
        say()
        for line in lines:
            say(line)
        while True:
            answer = typer.prompt(f"   {short}", default=usual)
            try:
                return understood(answer.strip())
            except PhonographError as error:
                tell(error.diagnostics)
            except ValueError as error:
                say(f"   {error}")


def _checkpoint(path: Path, source: Source) -> tuple[Path, Continued]:
    """Look at a checkpoint to start from."""
    from phonograph.collections import default_registry
    from phonograph.collections.asr.continued_graph import continued
    from phonograph.data.ffmpeg_line import ffmpeg_line
    from phonograph.graphs.bundle import read_bundle

    path = path.expanduser()
    if str(path) == "hama" and not path.exists():
        help = "make one of it: phonograph import hama hama.phono"
        message = "the package `hama` is no checkpoint of phonograph's"
        raise BundleError(Diagnostic("PB001", message, help=help))
    if path.suffix != BUNDLE_SUFFIX and path.exists():
        message = f"`{path}` is no checkpoint of phonograph's"
        help = f"make one of it: phonograph import {path} {path.with_suffix(BUNDLE_SUFFIX).name}"
        raise BundleError(Diagnostic("PB001", message, Place(str(path)), help=help))
    try:
        kept = continued(read_bundle(path, default_registry()).graph)
    except ValueError as error:
        fault = Diagnostic("PB022", f"no graph can start from it: {error}", Place(str(path)))
        raise BundleError(fault) from None
    if kept.sample_rate != source.survey.sample_rate:
        message = (
            f"the checkpoint hears {kept.sample_rate} samples per second, the recordings have "
            f"{source.survey.sample_rate}"
        )
        help = f"convert all of them: {ffmpeg_line(source.example, kept.sample_rate)}"
        raise DataError(Diagnostic("PD011", message, Place(str(path)), help=help))
    return path, kept


def _usual_manifests(folder: Path) -> list[Path]:
    return [path for name in ("train.jsonl", "train.json") if (path := folder / name).is_file()]


def _refuse_existing(paths: Sequence[Path] | Mapping[Path, str], *, overwrite: bool) -> None:
    faults = [
        Diagnostic(
            "PB020",
            f"`{path}` exists",
            Place(str(path)),
            help="choose another name, or add --overwrite",
        )
        for path in paths
        if path.exists() and not overwrite
    ]
    if faults:
        raise BundleError(faults)


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _refuse_without_terminal() -> None:
    if not _at_terminal():
        message = (
            "there is no terminal to ask on: give --train, --start and --size, or --yes to take "
            "what is usual"
        )
        raise typer.BadParameter(message)


def _prove(file: Path, text: str) -> None:
    """Check what is about to be written."""
    from phonograph.cli.graph_argument import check_argument

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / file.name
        draft.write_text(text, encoding="utf-8")
        checked = check_argument(str(draft), [])
    if checked.graph is None:
        raise GraphError(checked.faults)


def _say_next(file: Path, source: Source) -> None:
    say(f"\nwrote {', '.join(map(str, [*source.written, file]))}; the graph holds")
    say("\nWhat to try next:")
    say(f"  phonograph show {file}")
    say(f"  phonograph train {file} --dry-run")
    say(f"  phonograph train {file}")
