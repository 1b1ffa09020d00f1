"""The tokens of a recogniser as a NeMo checkpoint has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentencepiece import SentencePieceProcessor

from phonograph.collections.asr.nemo.write_archive import artifact
from phonograph.data.sentencepiece_tokenizer import unpacked

_WORD_START, _CONTINUED = "▁", "##"


@dataclass(frozen=True, slots=True)
class WrittenTokens:
    """What stands for a tokenizer in a checkpoint.

    Args:
        labels: every token as it is written.
        settings: the section `tokenizer`; empty where the labels say all.
        files: the tokenizer's files by their names in the checkpoint.
    """

    labels: list[str]
    settings: Mapping[str, Any]
    files: Mapping[str, bytes]


def written_tokens(description: Mapping[str, Any]) -> WrittenTokens | None:
    """Write a tokenizer.

    Args:
        description: as a graph has it.

    Returns:
        nothing for a type that NeMo has not.

    >>> written_tokens({"type": "characters", "alphabet": "ab "}).labels
    ['a', 'b', ' ']
    """
    match description:
        case {"type": "characters", "alphabet": str(alphabet)}:
            return WrittenTokens(list(alphabet), {}, {})
        case {"type": "tokens", "tokens": list(tokens)} if "word_boundary" not in description:
            return WrittenTokens(list(tokens), {}, {})
        case {"type": "sentencepiece", "content": str(content)}:
            return _pieces(unpacked(content))
    return None


def _pieces(model: bytes) -> WrittenTokens:
    processor = SentencePieceProcessor(model_proto=model)
    labels = [processor.id_to_piece(number) for number in range(processor.vocab_size())]
    scores = [f"{piece}\t{processor.get_score(n):g}\n" for n, piece in enumerate(labels)]
    plain = [f"{_plain(p)}\n" for n, p in enumerate(labels) if not _is_special(processor, n)]
    contents = {
        "tokenizer.model": model,
        "vocab.txt": "".join(plain).encode(),
        "tokenizer.vocab": "".join(scores).encode(),
    }
    names = {name: artifact(name, content) for name, content in contents.items()}
    settings = {
        "dir": "tokenizer",
        "type": "bpe",
        "model_path": f"nemo:{names['tokenizer.model']}",
        "vocab_path": f"nemo:{names['vocab.txt']}",
        "spe_tokenizer_vocab": f"nemo:{names['tokenizer.vocab']}",
    }
    return WrittenTokens(labels, settings, {names[n]: content for n, content in contents.items()})


def _plain(piece: str) -> str:
    """Write a piece as word-piece files do, where what goes on is marked and not what begins.

    >>> _plain("▁to"), _plain("ing"), _plain("▁")
    ('to', '##ing', '')
    """
    begins = piece.startswith(_WORD_START)
    return piece.removeprefix(_WORD_START) if begins else f"{_CONTINUED}{piece}"


def _is_special(processor: SentencePieceProcessor, number: int) -> bool:
    return bool(processor.is_unknown(number) or processor.is_control(number))
