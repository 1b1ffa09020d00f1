"""An alignment as a drawing: words and spectrogram above, below them which tokens were heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phonograph.collections.asr.log_mel import LogMel
from phonograph.graphs.drawing.markup import escaped
from phonograph.training.pages.heat_image import heat_image
from phonograph.training.report.alignment import Alignment, Matrix
from phonograph.training.report.line_chart import ticks

WIDTH = 1160
_LEFT = 84
_WORDS, _SOUND, _GAP = 34, 80, 10
_TALLEST, _MOST_HEIGHT, _LEAST_ROW = 15, 600, 4
_LABEL = 11
"""Units between the names of two rows, at least."""
_LONGEST_NAME = 11
_LETTER = 7.3
"""Width of a letter; all have the same."""
_BANDS = 40
_RANGE = 10.0
"""Logarithm of how much less energy than the loudest is left white: 43 dB."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things stand.

    Args:
        seconds: of the whole width.
        period: seconds of a frame.
        row: height of one.
    """

    seconds: float
    period: float
    row: float

    top = _WORDS + _SOUND + _GAP

    def x(self, second: float) -> float:
        return _LEFT + second / self.seconds * (WIDTH - _LEFT)

    def y(self, row: int) -> float:
        return self.top + row * self.row


def alignment_svg(found: Alignment, audio: Tensor, rate: int) -> str:
    """Draw an alignment below the sound that it is of; empty where there is nothing to align.

    Args:
        found: what was heard when.
        audio: samples, [S].
        rate: samples per second, at least 1.
    """
    rows, frames = found.heat.shape
    if not rows or not frames or not len(audio):
        return ""
    period = found.period or len(audio) / rate / frames
    height = min(max(_MOST_HEIGHT / rows, _LEAST_ROW), _TALLEST)
    frame = _Frame(max(len(audio) / rate, frames * period), period, height)
    return "\n".join(_drawn(found, _log_mel(audio, rate), rate, frame))


def _drawn(found: Alignment, mel: Matrix, rate: int, frame: _Frame) -> Iterator[str]:
    rows, frames = found.heat.shape
    bottom = frame.y(rows)
    yield f'<svg viewBox="0 0 {WIDTH} {bottom + 24:.0f}" role="img" aria-label="tokens over time">'
    yield from _words(found, frame, bottom)
    yield _image("sound", mel, (_LEFT, _WORDS, WIDTH - _LEFT, _SOUND))
    for text, y in ((f"{rate / 2000:.3g} kHz", _WORDS + 9), ("0", _WORDS + _SOUND)):
        yield f'<text class="tick end" x="{_LEFT - 7}" y="{y}">{text}</text>'
    yield from _names(found, frame)
    box = (_LEFT, frame.top, frame.x(frames * frame.period) - _LEFT, bottom - frame.top)
    yield _image("heat", found.heat, box)
    yield from _path(found, frame)
    for second in ticks(0, frame.seconds, 10):
        x = frame.x(second)
        anchor = "end" if x > WIDTH - 20 else "mid"
        yield f'<text class="tick {anchor}" x="{x:.1f}" y="{bottom + 18:.1f}">{second:.4g} s</text>'
    yield "</svg>"


def _words(found: Alignment, frame: _Frame, bottom: float) -> Iterator[str]:
    """Write words over two lines, as far as there is room."""
    free = [0.0, 0.0]
    for word in found.words:
        if word.start is None:
            continue
        x, text = frame.x(word.start), _short(word.text)
        left = min(x, WIDTH - _LETTER * len(text))
        line = 0 if free[0] <= left else 1
        if free[line] <= left:
            free[line] = left + _LETTER * (len(text) + 1)
            y = _WORDS - 20 + 14 * line
            yield f'<path class="grid" d="M{x:.1f} {y + 3}V{bottom:.1f}"/>'
            yield f'<text class="token" x="{left:.1f}" y="{y}">{escaped(text)}</text>'


def _names(found: Alignment, frame: _Frame) -> Iterator[str]:
    free = 0.0
    for row, name in enumerate(found.rows):
        middle = frame.y(row) + frame.row / 2
        if name and middle >= free:
            free = middle + _LABEL
            y, text = middle + 4, escaped(_short(name))
            yield f'<text class="token end" x="{_LEFT - 7}" y="{y:.1f}">{text}</text>'
            yield f'<path class="grid" d="M{_LEFT} {middle:.1f}H{WIDTH}"/>'


def _path(found: Alignment, frame: _Frame) -> Iterator[str]:
    runs = found.runs
    points = []
    marks = []
    columns = (found.names, found.places, runs.starts, runs.ends, runs.peaks)
    for name, row, start, end, peak in zip(*columns, strict=True):
        left, right = frame.x(start * frame.period), frame.x(end * frame.period)
        y, height = frame.y(row), frame.row
        points.append(f"{(left + right) / 2:.1f} {y + height / 2:.1f}")
        title = f"{name}: {np.exp(float(peak)):.2f} at {start * frame.period:.2f} s"
        marks.append(
            f'<rect class="mark" x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" '
            f'height="{height:.1f}"><title>{escaped(title)}</title></rect>'
        )
    if points:
        yield f'<path class="path" d="M{"L".join(points)}"/>'
    yield from marks


def _image(kind: str, values: Matrix, box: tuple[float, float, float, float]) -> str:
    x, y, width, height = box
    return (
        f'<image class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" preserveAspectRatio="none" href="{heat_image(values)}"/>'
    )


def _log_mel(audio: Tensor, rate: int) -> Matrix:
    """Return the energies of mel bands in [0, 1], the highest band first."""
    front_end = LogMel(rate, n_mels=_BANDS, normalize="none")
    features, _ = front_end(audio[None].float(), torch.tensor([len(audio)]))
    mel: Matrix = features[0].flip(0).numpy()
    return np.clip(1 - (mel.max() - mel) / _RANGE, 0, 1)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
