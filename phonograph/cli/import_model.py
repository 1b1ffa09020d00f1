"""`phonograph import`: pretrained models of others, as bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonograph.cli.graph_argument import BUNDLE_SUFFIX
from phonograph.cli.screen import counted, say
from phonograph.errors import BundleError, Diagnostic, Place, nearest

SOURCES = ("hama",)


def _known_source(source: str) -> str:
    if source not in SOURCES:
        raise typer.BadParameter(f"`{source}` is not known; {nearest(source, SOURCES)}")
    return source


def _bundle_path(path: Path) -> Path:
    if path.suffix != BUNDLE_SUFFIX:
        raise typer.BadParameter(f"`{path}` must end in {BUNDLE_SUFFIX}")
    return path


def import_model(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Where it comes from: hama.", callback=_known_source),
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT.phono", help="The bundle to write.", callback=_bundle_path),
    ],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.phono.")] = False,
) -> None:
    """Turn a pretrained model into a bundle.

    It can be transcribed with, and training can start from it.

    hama: a small Conformer-CTC for English, which writes phonemes. It comes with the package of
    that name (pip install "phonograph[hama]").

    Examples:
      phonograph import hama hama.phono
      phonograph train phonograph://asr/prompts init.from=hama.phono
    """
    if out.exists() and not overwrite:
        help = "choose another name, or add --overwrite"
        raise BundleError(Diagnostic("PB020", f"`{out}` exists", Place(str(out)), help=help))
    from phonograph.collections import default_registry
    from phonograph.collections.asr.import_hama import read_hama
    from phonograph.graphs.bundle import save_bundle
    from phonograph.graphs.check import check_document
    from phonograph.graphs.lock import read_lock
    from phonograph.graphs.model import build

    data, weights = read_hama()
    checked = check_document(read_lock(data, source), default_registry())
    if checked.graph is None:
        raise BundleError(checked.faults)
    save_bundle(out, checked.graph, weights, {"imported_from": source})
    count = sum(build(checked.graph, device="meta").parameter_counts().values())
    say(f"{out}: {counted(count, 'parameter')} of {source}")
    say(f"look at it:     phonograph show {out}")
    say(f"start from it:  phonograph train GRAPH init.from={out}")
