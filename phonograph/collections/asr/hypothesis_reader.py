"""From tokens and their frames to words with times and confidences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from phonograph.collections.asr.hypothesis import Hypothesis, Word
from phonograph.collections.asr.token_runs import Runs
from phonograph.data.tokenizers import build_tokenizer


class HypothesisReader:
    """Writes the tokens of an utterance as words.

    A word lasts from the first frame of its first token to the last frame of its last. Its
    confidence is the mean over its tokens of the token's largest probability in any frame.

    Args:
        tokenizer: plain data that describes how to write tokens.
        frame_period: seconds from one frame to the next, above 0; words have no times without it.

    >>> reader = HypothesisReader({"type": "characters", "alphabet": "ab "}, frame_period=0.5)
    >>> tokens, starts = np.array([0, 1, 2, 1]), np.array([1, 2, 3, 5])
    >>> reader.read(Runs(tokens, starts, starts + 1, np.zeros(4)), score=-1.5).words
    (Word(text='ab', start=0.5, end=1.5, confidence=1.0),
     Word(text='b', start=2.5, end=3.0, confidence=1.0))
    """

    def __init__(self, tokenizer: Mapping[str, object], *, frame_period: float | None) -> None:
        self._tokenizer = build_tokenizer(tokenizer)
        self._frame_period = frame_period

    def read(self, runs: Runs, *, score: float) -> Hypothesis:
        """Return a hypothesis of these tokens.

        Args:
            runs: the tokens of one utterance and their frames.
            score: log-probability of the alignment they were read from.
        """
        tokens = runs.tokens.tolist()
        words = tuple(
            self._word(runs, part) for part in group_words(tokens, self._tokenizer.decode)
        )
        return Hypothesis(
            text=" ".join(self._tokenizer.decode(tokens).split()),
            tokens=tuple(tokens),
            score=score,
            words=words,
        )

    def _word(self, runs: Runs, part: list[int]) -> Word:
        return Word(
            text=self._tokenizer.decode(runs.tokens[part].tolist()).strip(),
            start=self._seconds(runs.starts[part[0]]),
            end=self._seconds(runs.ends[part[-1]]),
            confidence=float(np.exp(runs.peaks[part].astype(np.float64)).mean()),
        )

    def _seconds(self, frame: int) -> float | None:
        return None if self._frame_period is None else int(frame) * self._frame_period


def group_words(tokens: Sequence[int], decode: Callable[[Sequence[int]], str]) -> list[list[int]]:
    """Say which tokens make up each word; white space between words belongs to none.

    Only `decode` knows how tokens are written, so each token is judged by what it adds to the
    text since the last word began.

    Returns:
        positions in `tokens`, one list per word.

    >>> group_words([0, 1, 2, 2, 0], lambda ids: "".join("ab "[i] for i in ids))
    [[0, 1], [4]]
    """
    groups: list[list[int]] = []
    since: list[int] = []
    written: list[str] = []
    for place, token in enumerate(tokens):
        longer = decode([*since, token]).split()
        if len(longer) > len(written):
            groups.append([place])
            since, written = [token], decode([token]).split()
            continue
        if longer != written:
            groups[-1].append(place)
        since.append(token)
        written = longer
    return groups
