"""`phonograph tokenizer`: learn pieces of words, and see how they cut texts."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from phonograph.cli.graph_argument import AsJson
from phonograph.cli.screen import say, say_json
from phonograph.counted import counted
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from phonograph.data.piece_training import PieceCounts, Text
    from phonograph.data.sentencepiece_tokenizer import SentencePieceTokenizer

_PLAIN_PATH = re.compile(r"(?!\d+$)[\w/.][\w/.-]*[\w]")
"""What YAML reads as it stands, even within braces."""

TOKENIZER = """Learn pieces of words, and see how they cut texts.

Examples:
  phonograph tokenizer train train.jsonl --size 128
  phonograph tokenizer show pieces.model "i would like to pay my bill"
"""


def train_tokenizer(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE ...", help="Manifests (*.jsonl), or texts line by line."),
    ],
    *,
    size: Annotated[
        int, typer.Option(metavar="N", min=2, max=100_000, help="How many pieces.")
    ] = 256,
    kind: Annotated[
        Literal["unigram", "bpe", "characters"],
        typer.Option(help="How pieces are found; `characters` prints the alphabet instead."),
    ] = "unigram",
    cased: Annotated[bool, typer.Option("--cased", help="Keep capital letters.")] = False,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The model.")] = Path("pieces.model"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn pieces of words from transcripts.

    Texts are normalised as they are for training. The same texts give the same model. Learn
    from training texts only: pieces of a test set would flatter its score.

    Examples:
      phonograph tokenizer train train.jsonl --size 128
      phonograph tokenizer train train.jsonl more.txt --kind bpe --output pieces.model
      phonograph tokenizer train train.jsonl --kind characters
    """
    from phonograph.data.piece_training import count_pieces, read_texts, train_pieces
    from phonograph.data.sentencepiece_tokenizer import SentencePieceTokenizer
    from phonograph.whole_file import whole_file

    if kind == "characters":
        _print_alphabet(read_texts(files, cased=cased), as_json=as_json)
        return
    _refuse_what_stands(output, overwrite=overwrite)
    texts = read_texts(files, cased=cased)
    model = train_pieces((one.text for one in texts), size=size, kind=kind)
    tokenizer = SentencePieceTokenizer(model)
    counts = count_pieces(tokenizer, texts)
    with whole_file(output) as temporary:
        temporary.write_bytes(model)
    if as_json:
        say_json({"model": str(output), "pieces": tokenizer.vocabulary.size, **asdict(counts)})
    else:
        _print_counts(tokenizer, counts)
        say(f"\nwritten to {output}; in a graph:")
        say(f"  tokenizer: {{type: sentencepiece, model: {_in_yaml(str(output))}}}")


def show_tokenizer(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A SentencePiece model.")],
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT ...]", help="What to cut.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the pieces of a model, or how it cuts texts.

    Examples:
      phonograph tokenizer show pieces.model
      phonograph tokenizer show pieces.model "i would like to pay my bill"
    """
    from phonograph.data.sentencepiece_tokenizer import SentencePieceModel, build_sentencepiece

    try:
        tokenizer = build_sentencepiece(SentencePieceModel("sentencepiece", model))
    except ValueError as error:
        raise DataError(Diagnostic("PD069", str(error), Place(str(model)))) from None
    size = tokenizer.vocabulary.size
    if not texts:
        pieces = [tokenizer.piece(number) for number in range(size)]
        if as_json:
            say_json({"model": str(model), "pieces": pieces})
        else:
            say(f"{counted(size, 'piece')}: {' '.join(pieces)}")
        return
    cut = [_cut(tokenizer, text) for text in texts]
    if as_json:
        say_json({"model": str(model), "texts": cut})
    for one in () if as_json else cut:
        say(" ".join(one) if isinstance(one, list) else f"cannot be written: {one}")


def _refuse_what_stands(output: Path, *, overwrite: bool) -> None:
    """Tell before anything is learnt that a model has no place to go."""
    place = Place(str(output))
    if output.is_dir():
        help = f"name a file in it: --output {output / 'pieces.model'}"
        raise DataError(Diagnostic("PD068", "this is a folder", place, help=help))
    if output.exists() and not overwrite:
        help = "choose another name with --output, or replace it with --overwrite"
        raise DataError(Diagnostic("PD068", "this file exists", place, help=help))


def _cut(tokenizer: SentencePieceTokenizer, text: str) -> list[str] | str:
    """Return the pieces of a text, or why it cannot be written."""
    try:
        numbers = tokenizer.encode(tokenizer.normalize(text))
    except ValueError as error:
        return str(error)
    return [tokenizer.piece(number) for number in numbers]


def _print_alphabet(texts: list[Text], *, as_json: bool) -> None:
    from phonograph.data.survey import alphabet_of

    alphabet = alphabet_of(one.text for one in texts)
    if as_json:
        say_json({"alphabet": alphabet})
        return
    say(f"{counted(len(alphabet), 'character')} in {counted(len(texts), 'text')}; in a graph:")
    say(f"  tokenizer: {{type: characters, alphabet: {_quoted(alphabet)}}}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _in_yaml(path: str) -> str:
    """Write a path as a value within braces, in quotes where it needs them."""
    return path if _PLAIN_PATH.fullmatch(path) else _quoted(path)


def _print_counts(tokenizer: SentencePieceTokenizer, counts: PieceCounts) -> None:
    size, texts = tokenizer.vocabulary.size, counted(counts.texts, "text")
    say(
        f"{counted(size, 'piece')} from {texts}: {counts.characters / counts.tokens:.2f} "
        "characters each"
    )
    pieces = ", ".join(f"{piece} {count:,}" for piece, count in counts.commonest[:12])
    say(f"commonest: {pieces}")
    say(f"longest text: {counted(counts.longest, 'token')}")
    if counts.tokens_per_second is None:
        return
    say(f"{counts.tokens_per_second:.1f} tokens per second of speech")
    for frame, number in counts.too_fast.items():
        if number:
            have = "has" if number == 1 else "have"
            utterances = counted(number, "utterance")
            say(f"with frames of {frame} ms, {utterances} {have} more tokens than CTC can align")
