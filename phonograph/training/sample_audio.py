"""The sound of a few utterances of the validation data, for TensorBoard."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError
from phonograph.graphs.solved import SolvedGraph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST = 15.0
"""Seconds of an utterance."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of an utterance.

    Args:
        id: name of the utterance.
        mono: samples, [S].
        rate: samples per second.
    """

    id: str
    mono: NDArray[np.float32]
    rate: int


def sounds_of(graph: SolvedGraph, split: str, ids: Collection[str]) -> Iterator[Sound]:
    """Read utterances of a split, 15 s of each at most; what cannot be read is left out.

    Args:
        graph: the solved graph; its data layer has a manifest for each split.
        split: such as `validation`.
        ids: names of utterances.
    """
    paths = [node.parameters.get(split) for node in graph.nodes.values()]
    for path in paths:
        if not isinstance(path, Path):
            continue
        try:
            chosen = [one for one in read_manifest(path) if one.id in ids]
        except DataError:
            continue
        for one in chosen:
            try:
                with soundfile.SoundFile(one.audio) as file:
                    file.seek(round((one.offset or 0.0) * file.samplerate))
                    frames = round(min(one.duration, _LONGEST) * file.samplerate)
                    samples = file.read(frames, "float32", always_2d=True)
                    yield Sound(one.id, samples.mean(axis=1), file.samplerate)
            except (soundfile.SoundFileError, OSError):
                continue
