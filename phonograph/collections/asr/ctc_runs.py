"""Collapse the labels of frames into tokens: the map B of Graves et al. 2006, sec. 3.1."""

from __future__ import annotations

import numpy as np

from phonograph.collections.asr.token_runs import Array, Runs


def collapse(labels: Array, scores: Array, lengths: Array, blank: int) -> list[Runs]:
    """Join equal neighbours, then drop blanks, for a whole batch at once.

    Args:
        labels: best label of each frame, int64 [B, T].
        scores: its log-probability, [B, T].
        lengths: valid frames, int64 [B].
        blank: number of the blank label.

    >>> one_row = np.array([[1, 1, 9, 1, 2, 2]])
    >>> collapse(one_row, np.zeros((1, 6)), np.array([5]), blank=9)[0].tokens
    array([1, 1, 2])
    """
    batch, frames = labels.shape
    padding = np.arange(frames) >= lengths[:, None]
    silent = np.full((batch, 1), blank)
    fenced = np.hstack([silent, np.where(padding, blank, labels), silent])
    changes = fenced[:, 1:] != fenced[:, :-1]
    rows, starts = np.nonzero(changes[:, :-1] & (fenced[:, 1:-1] != blank))
    _, ends = np.nonzero(changes[:, 1:] & (fenced[:, 1:-1] != blank))
    ends = ends + 1
    peaks = _largest(scores, rows * frames + starts, rows * frames + ends)
    tokens = labels[rows, starts]
    borders = np.searchsorted(rows, np.arange(1, batch))
    columns = (np.split(column, borders) for column in (tokens, starts, ends, peaks))
    return [Runs(*row) for row in zip(*columns, strict=True)]


def _largest(scores: Array, starts: Array, ends: Array) -> Array:
    if not len(starts):
        return np.empty(0, scores.dtype)
    # The last end may be the size of the array, which `reduceat` does not take.
    flat = np.append(scores.ravel(), -np.inf).astype(scores.dtype)
    return np.maximum.reduceat(flat, np.stack([starts, ends], axis=1).ravel())[::2]
