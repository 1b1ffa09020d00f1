"""`phonograph export`: a recogniser as one file that runs without phonograph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import AsJson
from phonograph.cli.screen import note, print_table, say, say_json, start_table
from phonograph.counted import counted
from phonograph.errors import BundleError, Diagnostic, Place, nearest

if TYPE_CHECKING:
    from phonograph.collections.asr.nemo.export_nemo import Written
    from phonograph.graphs.export.export import ExportReport

FORMATS = ("onnx", "pt2", "nemo")
_MEGABYTE = 1_000_000


def _known_format(name: str | None) -> str | None:
    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"`{name}` is not known; {nearest(name, FORMATS)}")
    return name


def _known_ending(path: Path) -> Path:
    if path.suffix[1:] not in FORMATS:
        *endings, last = (f".{name}" for name in FORMATS)
        raise typer.BadParameter(f"`{path}` must end in {', '.join(endings)} or {last}")
    return path


def export(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A trained or imported *.phono file.")
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write: *.onnx, *.pt2 or *.nemo.",
            callback=_known_ending,
        ),
    ],
    *,
    view: Annotated[str, typer.Option(metavar="NAME", help="The view to export.")] = "infer",
    run: Annotated[
        list[str] | None,
        typer.Option(metavar="NODE.PORT", help="Give this port instead; may be repeated."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT", help="onnx, pt2 or nemo, as OUT ends.", callback=_known_format
        ),
    ] = None,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Write one step of a stream, with its state.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a recogniser as one file that runs without phonograph.

    The file goes from audio to scores, for any batch and any length. It is kept only when it gives
    what the view gives, to 1e-4, for three lengths and a padded batch. Decoding stays outside; the
    file's metadata have the vocabulary and the frame period.

    --streaming: the file takes one block of audio and what the model keeps of those before it, and
    gives scores, which of them are valid, and what the next block needs. That is possible where
    nothing needs the whole utterance: limited context, no normalisation over the utterance.

    nemo: a checkpoint that NeMo 3.0.0 opens, of a convolutional or Conformer CTC model. It is kept
    only when reading it back gives the same weights and settings.

    Examples:
      phonograph export best.phono best.onnx
      phonograph export best.phono best.pt2 --view infer
      phonograph export transducer.phono encoder.onnx --run encoder.encoded
      phonograph export live.phono live.onnx --streaming
      phonograph export best.phono best.nemo --to nemo
    """
    if to is not None and out.suffix != f".{to}":
        raise typer.BadParameter(f"`{out}` must end in .{to}", param_hint="OUT")
    if out.exists() and not overwrite:
        help = "choose another name, or add --overwrite"
        raise BundleError(Diagnostic("PB020", f"`{out}` exists", Place(str(out)), help=help))
    if out.suffix == ".nemo":
        for option, given in (("--run", run), ("--streaming", streaming)):
            if given:
                whole = "a checkpoint for NeMo is a whole model"
                raise typer.BadParameter(whole, param_hint=option)
        _to_nemo(bundle, view, out, as_json=as_json)
        return
    from phonograph.collections import default_registry
    from phonograph.graphs.bundle import open_bundle
    from phonograph.graphs.export.export import export_view

    model = open_bundle(bundle, default_registry())
    report = export_view(model, view, out, run=run or (), streaming=streaming, progress=note)
    if as_json:
        say_json(report.to_json())
    else:
        _print(report)


def _to_nemo(bundle: Path, view: str, out: Path, *, as_json: bool) -> None:
    from phonograph.collections import default_registry
    from phonograph.collections.asr.nemo.export_nemo import export_nemo
    from phonograph.graphs.bundle import read_bundle

    written = export_nemo(read_bundle(bundle, default_registry()), view, out)
    if as_json:
        say_json(written.to_json())
    else:
        _print_checkpoint(written)


def _print_checkpoint(written: Written) -> None:
    tensors = counted(written.tensors, "tensor")
    say(f"{written.path}: {_size(written.size)}, {tensors}, the same when read back")
    say(f"NeMo opens it as {written.target}")
    for remark in written.remarks:
        note(remark)


def _print(report: ExportReport) -> None:
    comparison = report.comparison
    outputs = [f"{name} differs by" for name in comparison.differences[0].largest]
    table = start_table("utterances", *outputs)
    for difference in comparison.differences:
        seconds = " and ".join(f"{one:g} s" for one in difference.seconds)
        table.add_row(seconds, *(f"{far:.1g}" for far in difference.largest.values()))
    print_table(table)
    if comparison.unsteady:
        say(f"\nallowed: {comparison.tolerance:.1g}, because the view itself moves by")
        say(f"{comparison.unsteady:.1g} when its input moves by less than the last digit")
    say(f"\n{report.path}: {_size(report.size)} in {report.seconds:.0f} s")
    states = [f"and {report.states} states"] if report.states else []
    say(f"takes  {', '.join([*report.inputs, *states])}")
    say(f"gives  {', '.join([*report.outputs, *states])}")


def _size(number: int) -> str:
    """Write a number of bytes.

    >>> _size(52_700_000), _size(9_400)
    ('52.7 MB', '9 kB')
    """
    return f"{number / 1e6:.1f} MB" if number >= _MEGABYTE else f"{number / 1e3:.0f} kB"
