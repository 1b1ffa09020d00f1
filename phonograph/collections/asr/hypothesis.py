"""What a recogniser says it heard, with times and confidences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word.

    Args:
        text: the word, without white space around it.
        start: seconds from the beginning of the audio; None when the frame period is unknown.
        end: seconds from the beginning of the audio, later than `start`; None likewise.
        confidence: in [0, 1].
    """

    text: str
    start: float | None
    end: float | None
    confidence: float

    def to_json(self) -> dict[str, object]:
        """Return plain data; times are rounded to milliseconds.

        >>> Word("hi", 0.12, 0.36004, 0.987654).to_json()
        {'word': 'hi', 'start': 0.12, 'end': 0.36, 'confidence': 0.9877}
        """
        return {
            "word": self.text,
            "start": None if self.start is None else round(self.start, 3),
            "end": None if self.end is None else round(self.end, 3),
            "confidence": round(self.confidence, 4),
        }


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance.

    Args:
        text: the words with single spaces between them.
        tokens: token numbers without blanks and repeats.
        score: log-probability of the alignment it was read from, at most 0.
        words: the words in order.
    """

    text: str
    tokens: tuple[int, ...]
    score: float
    words: tuple[Word, ...]

    def to_json(self) -> dict[str, object]:
        """Return plain data, as `phonograph transcribe --json` prints it.

        >>> Hypothesis("hi", (7, 8), -0.5, (Word("hi", None, None, 0.9),)).to_json()
        {'text': 'hi', 'tokens': [7, 8], 'score': -0.5,
         'words': [{'word': 'hi', 'start': None, 'end': None, 'confidence': 0.9}]}
        """
        return {
            "text": self.text,
            "tokens": list(self.tokens),
            "score": round(self.score, 4),
            "words": [word.to_json() for word in self.words],
        }
