"""What a CTC head says in every frame of one recording, drawn below its waveform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.inference import inference
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedNode, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.training.report.line_chart import ticks
from phonograph.training.split import PortBatch
from phonograph.types.kinds import Audio, LogProbs

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 1160
_LEFT, _WAVE, _ROW = 44, 64, 15
_MOST_ROWS = 24
_LEAST = 0.2
"""A token that is never likelier has no row."""
_FAINTEST = 0.05
"""A less likely frame is left white."""
_COLUMNS = 580


@dataclass(frozen=True, slots=True)
class CtcFrames:
    """The probabilities of one utterance.

    Args:
        audio: samples, [S].
        probabilities: of each token, the blank last, [T, vocab + 1].
        names: what each token is written as.
        seconds: length of the recording, above 0.
    """

    audio: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    names: Sequence[str]
    seconds: float


def ctc_frames(model: Model, batch: PortBatch, seconds: float) -> CtcFrames | None:
    """Run the `validate` view over one utterance and keep what its CTC head gives.

    Args:
        model: a built graph with its weights.
        batch: values of the data layer's ports for one utterance.
        seconds: length of the recording.

    Returns:
        None where no module gives log-probabilities with the blank last.
    """
    node = _ctc_node(model)
    audio = next((value for port, value in batch.items() if _is_audio(model, port)), None)
    if node is None or audio is None:
        return None
    caught: list[torch.Tensor] = []
    module: Any = model.modules[node.name]
    hook = module.register_forward_hook(lambda _m, _i, given: caught.append(given))
    try:
        with inference("cpu"):
            model.view("validate")(batch)
    finally:
        hook.remove()
    if not caught or not isinstance(caught[0], torch.Tensor):
        return None
    tokenizer = model.modules[_data_name(model)].tokenizer
    count = caught[0].shape[-1] - 1
    names = [tokenizer.decode([token]).strip() or "\N{OPEN BOX}" for token in range(count)]
    shown = caught[0][0].float().exp().numpy()
    return CtcFrames(audio[0].float().numpy(), shown, names, seconds)


def frames_svg(found: CtcFrames) -> str:
    """Draw the waveform, and below it the probability of each token that is ever likely.

    Tokens stand in the order in which they are first likely, so that speech runs down the slope.
    """
    return "\n".join(_drawn(found))


def _ctc_node(model: Model) -> SolvedNode | None:
    nodes = model.graph.nodes.values()
    return next((node for node in nodes if any(map(_is_ctc, node.outputs.values()))), None)


def _is_ctc(port: SolvedPort) -> bool:
    return isinstance(port.kind, LogProbs) and port.kind.blank == "last" and len(port.sizes) == 3


def _is_audio(model: Model, port: PortName) -> bool:
    return isinstance(model.graph.output(port).kind, Audio)


def _data_name(model: Model) -> str:
    assert model.data_node is not None
    return model.data_node.name


def _drawn(found: CtcFrames) -> Iterator[str]:
    tokens = _likely(found.probabilities)
    names = [*(found.names[token] for token in tokens), "blank"]
    bottom = _WAVE + 10 + _ROW * len(names)
    yield f'<svg viewBox="0 0 {WIDTH} {bottom + 30}" role="img" aria-label="tokens over time">'
    yield f'<path class="wave" d="{_wave(found.audio)}"/>'
    for row, name in enumerate(names):
        y = _WAVE + 10 + _ROW * row
        yield f'<path class="grid" d="M{_LEFT} {y}H{WIDTH}"/>'
        yield f'<text class="token end" x="{_LEFT - 7}" y="{y + 12}">{escaped(name)}</text>'
        token = tokens[row] if row < len(tokens) else len(found.names)
        yield from _cells(found, token, name, y)
    for second in ticks(0, found.seconds, 10):
        x = _LEFT + second / found.seconds * (WIDTH - _LEFT)
        anchor = "end" if x > WIDTH - 20 else "mid"
        yield f'<text class="tick {anchor}" x="{x:.1f}" y="{bottom + 18}">{second:.4g} s</text>'
    yield "</svg>"


def _likely(probabilities_tv: NDArray[np.float32]) -> list[int]:
    best = probabilities_tv[:, :-1]
    peaks = best.max(axis=0)
    chosen = [int(token) for token in np.argsort(-peaks)[:_MOST_ROWS] if peaks[token] >= _LEAST]
    return sorted(chosen, key=lambda token: int(best[:, token].argmax()))


def _cells(found: CtcFrames, token: int, name: str, y: int) -> Iterator[str]:
    column = found.probabilities[:, token]
    wide = (WIDTH - _LEFT) / len(column)
    kind = "blank" if token == len(found.names) else "cell"
    for frame in np.flatnonzero(column >= _FAINTEST).tolist():
        probability = float(column[frame])
        at = (frame + 0.5) / len(column) * found.seconds
        yield (
            f'<rect class="{kind}" x="{_LEFT + frame * wide:.1f}" y="{y + 1}" '
            f'width="{wide:.2f}" height="{_ROW - 2}" opacity="{probability:.2f}">'
            f"<title>{escaped(name)}: {probability:.2f} at {at:.2f} s</title></rect>"
        )


def _wave(audio: NDArray[np.float32]) -> str:
    count = min(_COLUMNS, len(audio))
    parts = np.array_split(audio, count)
    loudest = max(float(np.abs(audio).max()), 1e-6)
    middle, half, wide = _WAVE / 2, _WAVE / 2 - 2, (WIDTH - _LEFT) / count
    above = [
        f"{_LEFT + n * wide:.1f} {middle - half * part.max() / loudest:.1f}"
        for n, part in enumerate(parts)
    ]
    below = [
        f"{_LEFT + n * wide:.1f} {middle - half * part.min() / loudest:.1f}"
        for n, part in enumerate(parts)
    ]
    return f"M{'L'.join([*above, *reversed(below)])}Z"
