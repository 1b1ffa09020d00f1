#!/usr/bin/env python3
"""Hold `phonograph import hama` against the inference of the package `hama` itself.

    .venv/bin/python scripts/verify_hama.py                  # the shipped test prompts
    .venv/bin/python scripts/verify_hama.py dev.jsonl a.wav  # manifests and recordings

Both read each recording; the log-probabilities of every frame are compared. The package stops at
30 seconds, so longer recordings are left out. Gives 1 when the two disagree: on average by more
than 2e-3, at a single value by more than 2e-2, or on the best label of a frame.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from phonograph.collections import default_registry
from phonograph.collections.asr.import_hama import read_hama
from phonograph.data.any_audio import read_any
from phonograph.data.manifest_index import read_manifest
from phonograph.errors import PhonographError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import cut

PROMPTS = Path(__file__).resolve().parent.parent / "phonograph/collections/asr/recipes/prompts"
RATE = 16_000
LONGEST = 30 * RATE  # samples
LARGEST_MEAN, LARGEST_SINGLE = 2e-3, 2e-2

Recogniser = Callable[[Tensor], Tensor]
"""Turns samples [S] into log-probabilities [T, V]."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the log-probabilities of one recording are apart."""

    name: str
    seconds: float
    frames: int
    mean: float
    largest: float
    other_labels: int

    @property
    def holds(self) -> bool:
        """Whether all three bounds hold."""
        close = self.mean <= LARGEST_MEAN and self.largest <= LARGEST_SINGLE
        return close and self.other_labels == 0


def by_the_graph() -> Recogniser:
    """Build the graph that `phonograph import hama` writes, up to its log-probabilities."""
    data, weights = read_hama()
    checked = check_document(read_lock(data, "hama"), default_registry())
    if checked.graph is None:
        raise PhonographError(checked.faults)
    model = build(checked.graph)
    model.module.load_state_dict(weights)
    model.module.eval()
    audio, lengths = PortName("data", "audio"), PortName("data", "audio_lengths")
    scores, frames = PortName("head", "log_probs"), PortName("encoder", "lengths")
    infer = checked.graph.spec.views["infer"]
    view = model.compile(cut(checked.graph, infer, [scores, frames], [audio, lengths]))

    @torch.inference_mode()
    def run(samples: Tensor) -> Tensor:
        found = view({audio: samples.unsqueeze(0), lengths: torch.tensor([len(samples)])})
        return found[scores][0, : int(found[frames][0])]

    return run


def by_the_package() -> Recogniser:
    """Load the package's own inference."""
    from hama.asr import ASRModel

    session = ASRModel().session

    def run(samples: Tensor) -> Tensor:
        feeds = {"waveform": samples[None].numpy(), "waveform_lengths": np.array([len(samples)])}
        log_probs, lengths = session.run(["log_probs", "out_lengths"], feeds)
        return torch.from_numpy(log_probs[0, : int(lengths[0])])

    return run


def compare(name: str, samples: Tensor, ours: Recogniser, theirs: Recogniser) -> Difference:
    """Let both read a recording shorter than 30 s."""
    found, expected = ours(samples), theirs(samples)
    far = (found - expected).abs()
    return Difference(
        name,
        seconds=len(samples) / RATE,
        frames=len(expected),
        mean=float(far.mean()),
        largest=float(far.max()),
        other_labels=int((found.argmax(1) != expected.argmax(1)).sum()),
    )


def recordings(paths: Sequence[Path]) -> Iterator[tuple[str, Tensor]]:
    """Read recordings, and those that manifests name, one after the other."""
    for path in paths:
        manifest = path.suffix in {".jsonl", ".json"}
        for file in [line.audio for line in read_manifest(path)] if manifest else [path]:
            yield file.name, read_any(file, RATE)[0]


def summary(rows: Sequence[Difference]) -> dict[str, float]:
    """Sum up what was compared, by what is counted."""
    return {
        "files compared": len(rows),
        "mean difference": sum(row.mean for row in rows) / len(rows),
        "worst mean of a file": max(row.mean for row in rows),
        "worst single value": max(row.largest for row in rows),
        f"files with a value over {LARGEST_SINGLE}": sum(
            row.largest > LARGEST_SINGLE for row in rows
        ),
        "frames compared": sum(row.frames for row in rows),
        "frames with another best label": sum(row.other_labels for row in rows),
        "files that hold": sum(row.holds for row in rows),
    }


def main() -> int:
    """Compare, print, and give 1 when a bound is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE", help="*.jsonl or audio")
    parser.add_argument("--json", type=Path, help="also write the figures, file by file, here")
    options = parser.parse_args()
    try:
        ours, theirs = by_the_graph(), by_the_package()
        rows, longer = [], 0
        for name, samples in recordings(options.paths or [PROMPTS / "test.jsonl"]):
            if len(samples) < LONGEST:
                rows.append(compare(name, samples, ours, theirs))
            else:
                longer += 1
    except PhonographError as error:
        sys.exit(str(error))
    if not rows:
        sys.exit("there is nothing to compare: no recording is shorter than 30 s")
    figures = {**summary(rows), "files left out, 30 s or longer": longer}
    for title, figure in figures.items():
        print(f"{title:36}{figure:>10}" if figure == int(figure) else f"{title:36}{figure:10.2e}")
    for row in rows:
        if not row.holds:
            print(f"{row.name}: mean {row.mean:.2e}, largest {row.largest:.2e}", end="")
            print(f", {row.other_labels} other labels of {row.frames}")
    if options.json:
        report = {**figures, "files": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
