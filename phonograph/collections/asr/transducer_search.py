"""Greedy search through a transducer's lattice, for many utterances side by side.

What is predicted changes only when a token is said, so a few frames ahead are scored at once; how
far an utterance then gets depends on the scores, and is followed in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from phonograph.collections.asr.token_runs import Array, Runs

State = tuple[Tensor, ...]

_AHEAD = 4


class PredictionNetwork(Protocol):
    """What is needed of a prediction network; the tensors of its state have B first."""

    def start(self, batch: int) -> tuple[Tensor, State]:
        """Return what is predicted before any token [batch, D], and the state after it."""
        ...

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token of each utterance; return [B, D] and the new state."""
        ...


@dataclass(frozen=True, slots=True)
class Choices:
    """The best step from each of some points of the lattice; tensors of one shape.

    Args:
        tokens: the best token or the blank, int64.
        peaks: its log-probability, float32.
        jumps: by how many frames the step moves on, int64, at least 0.
        scores: log-probability of the whole step, float32.
    """

    tokens: Tensor
    peaks: Tensor
    jumps: Tensor
    scores: Tensor


Choose = Callable[[Tensor, Tensor], Choices]
"""Takes frames [N, W, D] and predicted prefixes [N, H]; gives choices [N, W]."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a path may do.

    Args:
        blank: number of the blank.
        max_symbols: tokens said without moving on after which it moves on by a frame, at least 1.
        ahead: frames to score at once, at least 1; decides nothing but speed.
    """

    blank: int
    max_symbols: int
    ahead: int = _AHEAD


@dataclass(slots=True)
class Reading:
    """How far an utterance is read.

    Args:
        frames: how many it has.
        frame: where it stands.
        still: tokens said since it came there.
        score: log-probability of the path.
        tokens: what was said.
        starts: the frame each token was said at.
        ends: the frame behind each token.
        peaks: log-probability of each token.
    """

    frames: int
    frame: int = 0
    still: int = 0
    score: float = 0.0
    tokens: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether frames are left."""
        return self.frame < self.frames

    def follow(self, choices: Sequence[Array], rules: Rules) -> int | None:
        """Go on from where it stands to the next token, or through all frames that are known.

        Args:
            choices: tokens, peaks, jumps and scores of the frames from here on, each [W].
            rules: what the path may do.

        Returns:
            the token, or None.
        """
        tokens, peaks, jumps, scores = choices
        first = self.frame
        while self.active and self.frame - first < len(tokens):
            here = self.frame - first
            self.score += float(scores[here])
            jump = int(jumps[here])
            if tokens[here] != rules.blank:
                self._say(int(tokens[here]), float(peaks[here]), jump, rules)
                return self.tokens[-1]
            self._move(max(jump, 1))  # a blank always moves on
        return None

    def runs(self) -> Runs:
        """Return the tokens and their frames."""
        tokens, starts, ends = np.array([self.tokens, self.starts, self.ends], np.int64)
        return Runs(tokens, starts, ends, np.array(self.peaks, np.float32))

    def _say(self, token: int, peak: float, jump: int, rules: Rules) -> None:
        self.tokens.append(token)
        self.peaks.append(peak)
        self.starts.append(self.frame)
        self.ends.append(min(self.frame + max(jump, 1), self.frames))
        self.still += 1
        if jump:
            self._move(jump)
        elif self.still >= rules.max_symbols:
            self._move(1)

    def _move(self, jump: int) -> None:
        self.frame += jump
        self.still = 0


@torch.no_grad()
def greedy_search(
    frames: Tensor, lengths: Tensor, predictor: PredictionNetwork, choose: Choose, rules: Rules
) -> list[Reading]:
    """Take the best step from every point that is reached (Graves 2012, arXiv 1211.3711, sec. 2.6).

    Args:
        frames: [B, T, D] whatever `choose` takes.
        lengths: [B] valid frames.
        predictor: reads what was said.
        choose: finds the best step.
        rules: what a path may do.

    Returns:
        one reading per utterance; each is what the utterance alone would give.
    """
    readings = [Reading(int(length)) for length in lengths.tolist()]
    predicted_bd, state = predictor.start(len(readings))
    while rows := [row for row, reading in enumerate(readings) if reading.active]:
        window = _window(frames, rows, [readings[row].frame for row in rows], rules.ahead)
        found = choose(window, predicted_bd[rows])
        parts = (found.tokens, found.peaks, found.jumps, found.scores)
        columns = [part.cpu().numpy() for part in parts]
        said: dict[int, int] = {}
        for place, row in enumerate(rows):
            token = readings[row].follow([column[place] for column in columns], rules)
            if token is not None and readings[row].active:
                said[row] = token
        if said:
            told = torch.tensor(list(said.values()), device=frames.device)
            before = tuple(part[list(said)] for part in state)
            after_bd, after = predictor.step(told, before)
            predicted_bd = _replaced(predicted_bd, list(said), after_bd)
            state = tuple(
                _replaced(part, list(said), new) for part, new in zip(state, after, strict=True)
            )
    return readings


def best_of(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best of the last axis and its log-probability in float32.

    >>> best, log_prob = best_of(torch.zeros(1, 4))
    >>> best, log_prob.exp()
    (tensor([0]), tensor([0.2500]))
    """
    exact = logits.float()
    highest, best = exact.max(dim=-1)
    return best, highest - exact.logsumexp(dim=-1)


def _window(frames: Tensor, rows: list[int], starts: list[int], ahead: int) -> Tensor:
    """Return the frames from each row's start on, [N, W, D]; past the end the last is repeated."""
    width = min(ahead, frames.shape[1] - min(starts))
    at = torch.tensor(starts)[:, None] + torch.arange(width)
    at = at.clamp(max=frames.shape[1] - 1).to(frames.device)
    return frames[torch.tensor(rows, device=frames.device)[:, None], at]


def _replaced(values: Tensor, rows: list[int], new: Tensor) -> Tensor:
    return values.index_copy(0, torch.tensor(rows, device=values.device), new.to(values.dtype))
