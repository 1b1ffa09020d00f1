"""`phonograph import`: pretrained models of others, as bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import BUNDLE_SUFFIX
from phonograph.cli.screen import say
from phonograph.collections.asr.foreign import source_fault
from phonograph.counted import counted
from phonograph.errors import BundleError, Diagnostic, Place

if TYPE_CHECKING:
    from phonograph.collections.asr.foreign_model import Foreign

_GRAPH_SUFFIXES = (".yaml", ".yml")


def _known_source(source: str) -> str:
    if reason := source_fault(source):
        raise typer.BadParameter(reason)
    return source


def _bundle_path(path: Path) -> Path:
    if path.suffix != BUNDLE_SUFFIX:
        raise typer.BadParameter(f"`{path}` must end in {BUNDLE_SUFFIX}")
    return path


def _graph_path(path: Path | None) -> Path | None:
    if path is not None and path.suffix not in _GRAPH_SUFFIXES:
        raise typer.BadParameter(f"`{path}` must end in {_GRAPH_SUFFIXES[0]}")
    return path


def import_model(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Where it comes from: a .nemo file, a folder of Hugging Face's,"
            " torchaudio:NAME, or hama.",
            callback=_known_source,
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT.phono", help="The bundle to write.", callback=_bundle_path),
    ],
    *,
    graph: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Also write a graph that trains the model further.",
            callback=_graph_path,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")] = False,
) -> None:
    """Turn a pretrained model into a bundle.

    It can be transcribed with, and training can start from it. Settings that are not supported are
    listed, all of them, and then nothing is written. No code of a checkpoint runs.

    FILE.nemo: a CTC model, transducer or hybrid of NeMo's, which need not be installed.

    FOLDER: a Wav2Vec2ForCTC, HubertForCTC or ParakeetForCTC of Hugging Face's, with config.json,
    model.safetensors and the files of its tokenizer and its front end; transformers need not be
    installed.

    torchaudio:NAME: a wav2vec 2.0 or HuBERT model of torchaudio.pipelines, whose weights lie where
    torchaudio keeps what it fetched; torchaudio:NAME:FILE reads them from a file.

    hama: a small Conformer-CTC for English, which writes phonemes. It comes with the package of
    that name (pip install "phonograph[hama]").

    Examples:
      phonograph import model.nemo model.phono
      phonograph import model.nemo model.phono --graph further.yaml
      phonograph import wav2vec2-base-960h/ model.phono
      phonograph import torchaudio:HUBERT_ASR_LARGE model.phono
      phonograph import hama hama.phono
      phonograph train phonograph://asr/prompts init.from=hama.phono
    """
    pieces = graph.with_suffix(".model") if graph else None
    for path in [path for path in (out, graph, pieces) if path]:
        _refuse_existing(path, overwrite=overwrite)
    from phonograph.collections.asr.foreign import read_foreign

    foreign = read_foreign(source)
    recipe = _recipe(foreign, out, graph)
    count = _save(foreign, source, out)
    say(f"{out}: {counted(count, 'parameter')} of {Path(source).name}")
    for line in foreign.left_out:
        say(line)
    for path, content in recipe.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    say(f"look at it:     phonograph show {out}")
    say(f"start from it:  phonograph train {graph or f'GRAPH init.from={out}'}")


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        help = "choose another name, or add --overwrite"
        raise BundleError(Diagnostic("PB020", f"`{path}` exists", Place(str(path)), help=help))


def _recipe(foreign: Foreign, out: Path, graph: Path | None) -> dict[Path, bytes]:
    """Return what else to write, by path."""
    if graph is None:
        return {}
    from phonograph.collections.asr.further_training import further_training

    try:
        recipe = further_training(foreign.graph, out, graph)
    except ValueError as error:
        raise BundleError(Diagnostic("PB022", f"`{graph}` is not written: {error}")) from None
    files = {graph: recipe.text.encode()}
    return files if recipe.pieces is None else {**files, graph.with_suffix(".model"): recipe.pieces}


def _save(foreign: Foreign, source: str, out: Path) -> int:
    """Write the bundle and return its number of parameters."""
    from phonograph.collections import default_registry
    from phonograph.graphs.bundle import save_bundle
    from phonograph.graphs.check import check_document
    from phonograph.graphs.lock import read_lock
    from phonograph.graphs.model import build

    checked = check_document(read_lock(dict(foreign.graph), source), default_registry())
    if checked.graph is None:
        raise BundleError(checked.faults)
    save_bundle(out, checked.graph, foreign.weights, {"imported_from": Path(source).name})
    return sum(build(checked.graph, device="meta").parameter_counts().values())
