#!/usr/bin/env python3
"""Hold an imported `.nemo` checkpoint against outputs that NeMo gave for the same audio.

    .venv/bin/python scripts/verify_nemo.py model.nemo reference.npz [--dump ours.npz] [--json]

The reference has `audio` [B, S] and `audio_len`, and what NeMo made of them: `features`, `encoded`,
their lengths, `log_probs` of a CTC head or `joint_out` of a transducer for `targets`, the loss and
greedy tokens, each under NeMo's usual name and in its shape. Frames beyond an utterance's length
are not compared. Gives 0 when everything that is there agrees to 1e-4, 1 when something does not
or a stage is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nemo_stages import Stage, run_model
from phonograph.errors import PhonographError

TOLERANCE = 1e-4
"""Of every value; of a loss above 1, that share of it."""

INPUTS = ("audio", "audio_len", "targets", "target_len")
NEEDED = (("features",), ("encoded",), ("log_probs", "joint_out"))

AGREES, DIFFERS, MISSING, UNKNOWN = "agrees", "DIFFERS", "MISSING", "not compared"


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of the comparison.

    Args:
        stage: NeMo's name.
        difference: the largest one, None where shapes differ or nothing was compared.
        verdict: what that means.
    """

    stage: str
    difference: float | None
    verdict: str


def read_reference(path: Path) -> dict[str, Tensor]:
    """Read the arrays of a reference; nothing is unpickled.

    Raises:
        ValueError: it is none, or has no audio.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            read = {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}
    except (OSError, EOFError, zipfile.BadZipFile, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"cannot read {path}: {error}") from None
    if not {"audio", "audio_len"} <= read.keys():
        raise ValueError(f"{path} has no `audio` and `audio_len`")
    return read


def compare(ours: Mapping[str, Stage], reference: Mapping[str, Tensor]) -> list[Row]:
    """Compare every array of a reference that is no input."""
    rows = [
        _compared(name, ours[name], theirs) if name in ours else Row(name, None, UNKNOWN)
        for name, theirs in reference.items()
        if name not in INPUTS
    ]
    missing = [" or ".join(some) for some in NEEDED if not any(name in reference for name in some)]
    return rows + [Row(name, None, MISSING) for name in missing]


def _compared(name: str, ours: Stage, theirs: Tensor) -> Row:
    if not ours.fits(theirs.shape):
        return Row(name, None, DIFFERS)
    valid = ours.valid(theirs.shape)
    value, theirs = like(ours.value, theirs)[valid].double(), theirs[valid].double()
    if not theirs.numel():
        return Row(name, 0.0, AGREES)
    distance = float((value - theirs).abs().max())
    bound = TOLERANCE * max(1.0, float(theirs.abs().max())) if "loss" in name else TOLERANCE
    # written so that a NaN, which is neither above nor below, differs
    return Row(name, distance, AGREES if distance <= bound else DIFFERS)


def like(value: Tensor, theirs: Tensor) -> Tensor:
    """Cut, or pad with zeros, to the reference's shape."""
    found = torch.zeros(theirs.shape, dtype=value.dtype)
    sizes = zip(value.shape, theirs.shape, strict=True)
    part = tuple(slice(min(one, other)) for one, other in sizes)
    found[part] = value[part]
    return found


def compare_texts(path: Path, texts: Sequence[Sequence[str]]) -> list[Row]:
    """Compare with the texts in a `meta.json` beside the reference, if there is one."""
    try:
        theirs = json.loads((path.parent / "meta.json").read_text(encoding="utf-8"))["greedy_text"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    agrees = [as_shown(str(text)) for text in theirs] in [
        list(map(as_shown, some)) for some in texts
    ]
    return [Row("greedy text", None, AGREES if agrees else DIFFERS)]


def as_shown(text: str) -> str:
    """Leave out a space before a mark, as NeMo does when it shows a text, and spare ones.

    >>> as_shown("it 's , yes")
    "it's, yes"
    >>> as_shown("a \u2047  \u2047 ") == as_shown("a \u2047 \u2047")
    True
    """
    kept = [
        character
        for character, after in pairwise(f"{' '.join(text.split())} ")
        if not (character == " " and unicodedata.category(after).startswith("P"))
    ]
    return "".join(kept)


def dump(path: Path, ours: Mapping[str, Stage], reference: Mapping[str, Tensor]) -> None:
    """Write our arrays under the reference's names and in its shapes; ours alone as they are."""
    arrays = {}
    for name, stage in ours.items():
        theirs = reference.get(name)
        same_axes = theirs is not None and theirs.ndim == stage.value.ndim
        value = like(stage.value, theirs) if theirs is not None and same_axes else stage.value
        arrays[name] = value.numpy()
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _table(rows: Sequence[Row]) -> str:
    lines = [f"{'stage':16} {'largest difference':>20}  verdict"]
    for row in rows:
        figure = "" if row.difference is None else f"{row.difference:.2e}"
        lines.append(f"{row.stage:16} {figure:>20}  {row.verdict}")
    return "\n".join(lines)


def main() -> int:
    """Import, compare, print, and give 0 when everything agrees."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, metavar="FILE.nemo")
    parser.add_argument("reference", type=Path, metavar="REFERENCE.npz")
    parser.add_argument("--dump", type=Path, metavar="OUT.npz", help="write our arrays here")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    try:
        reference = read_reference(options.reference)
        run = run_model(options.checkpoint, reference)
    except (PhonographError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    rows = compare(run.stages, reference) + compare_texts(options.reference, run.texts)
    if options.dump:
        dump(options.dump, run.stages, reference)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print(_table(rows))
    return int(any(row.verdict in (DIFFERS, MISSING) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
