"""Learning pieces of words from texts, for a tokenizer of type `sentencepiece`."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from phonograph.data.manifest_index import read_manifest
from phonograph.data.normalization import normalize
from phonograph.data.sentencepiece_tokenizer import SentencePieceTokenizer
from phonograph.errors import DataError, Diagnostic, Place

Kind = Literal["unigram", "bpe"]

MANIFESTS = (".jsonl", ".json")
"""Endings of what is read as a manifest; all else is text, a sentence a line."""

MOST_LINES = 5_000_000
"""Lines of text that are learnt from; more teach nothing new."""

_LONGEST = 1 << 12
"""Bytes of a text that SentencePiece takes unasked; longer ones it would leave out."""

_SMALL, _CASED = "a'", "aA'"  # alphabets that stand for how texts are written


@dataclass(frozen=True, slots=True)
class Text:
    """Something to learn from.

    Args:
        text: normalised.
        seconds: how long it takes to say; None where it was not recorded.
    """

    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PieceCounts:
    """How texts are cut by a tokenizer.

    Args:
        texts: how many.
        tokens: of all texts.
        characters: of all texts, spaces included.
        longest: tokens of the longest text.
        tokens_per_second: of those that were recorded; None where none was.
        commonest: pieces and how often each comes, the commonest first.
        too_fast: milliseconds of a frame -> recorded texts with more tokens than CTC can align.
    """

    texts: int
    tokens: int
    characters: int
    longest: int
    tokens_per_second: float | None
    commonest: tuple[tuple[str, int], ...]
    too_fast: dict[int, int]


def read_texts(files: Sequence[Path], *, cased: bool = False) -> list[Text]:
    """Read and normalise texts from manifests, or from files with a sentence a line.

    Args:
        files: at least one.
        cased: whether capital letters are kept.

    Raises:
        DataError: a file cannot be read, or there is no text in any.
    """
    alphabet = _CASED if cased else _SMALL
    texts: list[Text] = []
    for file in files:
        for text, seconds in _lines(file):
            plain = normalize(text, alphabet)
            if plain and len(texts) < MOST_LINES:
                texts.append(Text(plain, seconds))
    if not texts:
        place = Place(str(files[0]))
        raise DataError(Diagnostic("PD065", "there is no text to learn pieces from", place))
    return texts


def train_pieces(texts: Iterable[str], *, size: int, kind: Kind = "unigram") -> bytes:
    """Learn pieces; the same texts give the same bytes.

    Args:
        texts: normalised.
        size: how many pieces, the one for the unknown included, at least 2.
        kind: `unigram` (Kudo 2018, 1804.10959) or `bpe` (Sennrich et al. 2016, 1508.07909).

    Returns:
        The content of a SentencePiece model.

    Raises:
        DataError: the texts do not give so many pieces, or have more characters than that.

    >>> model = train_pieces(["to be or not to be"] * 9, size=9)
    >>> SentencePieceTokenizer(model).vocabulary.size
    9
    """
    from sentencepiece import SentencePieceTrainer

    lines = list(texts)
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            vocab_size=size,
            model_type=kind,
            character_coverage=1.0,
            normalization_rule_name="identity",  # texts are normalised already
            max_sentence_length=max(_LONGEST, *(len(line.encode()) + 1 for line in lines)),
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,  # more give other pieces from time to time
            minloglevel=2,
        )
    except RuntimeError as error:
        raise DataError(_misfit(size, str(error))) from None
    return model.getvalue()


def count_pieces(tokenizer: SentencePieceTokenizer, texts: Sequence[Text]) -> PieceCounts:
    """See how a tokenizer cuts texts.

    Args:
        tokenizer: knows every character of the texts.
        texts: at least one.
    """
    cut = [tokenizer.encode(tokenizer.normalize(one.text)) for one in texts]
    times = Counter(token for tokens in cut for token in tokens)
    pieces = [(tokenizer.piece(token), count) for token, count in times.most_common(20)]
    recorded = [
        (tokens, one.seconds) for tokens, one in zip(cut, texts, strict=True) if one.seconds
    ]
    seconds = sum(seconds for _, seconds in recorded)
    spoken = sum(len(tokens) for tokens, _ in recorded)
    return PieceCounts(
        texts=len(texts),
        tokens=sum(map(len, cut)),
        characters=sum(len(one.text) for one in texts),
        longest=max(map(len, cut)),
        tokens_per_second=spoken / seconds if seconds else None,
        commonest=tuple(pieces),
        too_fast={
            frame: sum(1000 * seconds / frame < _frames(tokens) for tokens, seconds in recorded)
            for frame in (40, 80)
        },
    )


def _frames(tokens: Sequence[int]) -> int:
    """Frames that CTC needs: one a token, and one between two that are alike."""
    return len(tokens) + sum(one == other for one, other in pairwise(tokens))


def _lines(file: Path) -> Iterator[tuple[str, float | None]]:
    if file.suffix in MANIFESTS:
        yield from ((said.text, said.duration) for said in read_manifest(file))
        return
    try:
        with file.open(encoding="utf-8-sig") as stream:
            yield from ((line, None) for line in stream)
    except UnicodeDecodeError:
        message = "this is no text in UTF-8"
        raise DataError(Diagnostic("PD066", message, Place(str(file)))) from None


def _misfit(size: int, reason: str) -> Diagnostic:
    largest = re.search(r"value <= (\d+)", reason)
    if largest:
        message = f"these texts do not give {size:,} pieces"
        return Diagnostic("PD067", message, help=f"ask for {int(largest[1]):,} or fewer")
    needed = re.search(r"required_chars\. \d+ vs (\d+)", reason)
    if needed:
        message = f"{size:,} pieces are fewer than the characters of these texts"
        return Diagnostic("PD067", message, help=f"ask for {int(needed[1]):,} or more")
    last = reason.strip().splitlines()[-1]
    return Diagnostic("PD067", f"no pieces could be learnt: {last}")
