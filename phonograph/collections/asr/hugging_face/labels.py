"""What the rows of a foreign CTC head stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import Settings, read_settings
from phonograph.collections.asr.hugging_face.folder import (
    MISFIT,
    UNREADABLE,
    read_json_settings,
    refusal,
)
from phonograph.data.token_list import token_list_fault

CONFIGURATION = "tokenizer_config.json"

_MOST_ROWS = 1_000_000

# How texts are cut into tokens, names of files, and what only other kinds of tokenizer have.
_WITHOUT_EFFECT = (
    "added_tokens_decoder",
    "additional_special_tokens",
    "auto_map",
    "backend",
    "bos_token",
    "clean_up_tokenization_spaces",
    "config",
    "do_normalize",
    "eos_token",
    "extra_special_tokens",
    "is_local",
    "model_max_length",
    "name_or_path",
    "padding_side",
    "processor_class",
    "return_attention_mask",
    "special_tokens_map_file",
    "tokenizer_file",
    "truncation_side",
    "unk_token",
    "use_fast",
)


@dataclass(frozen=True, slots=True)
class Labels:
    """Tokens, and the rows they come from.

    Args:
        tokenizer: as a graph describes it.
        order: the row of theirs that each of ours is; the last is the blank's.
    """

    tokenizer: dict[str, Any]
    order: list[int]

    def head(self, weights: Mapping[str, Tensor], folder: Path) -> Part:
        """Return a head with its rows put in order.

        Args:
            weights: their `weight` and `bias`; beyond two axes they must have size 1.
            folder: for messages.

        Raises:
            BundleError: PB041, they have another number of rows.
        """
        weight, bias, rows = weights["weight"], weights["bias"], len(self.order)
        if weight.dim() < 2 or len(weight) != rows or bias.shape != (rows,):
            shapes = f"{list(weight.shape)} and {list(bias.shape)}"
            raise refusal(MISFIT, folder, f"the head is {shapes}, which are not {rows} rows")
        named = {"linear.weight": weight.flatten(1)[self.order], "linear.bias": bias[self.order]}
        return Part("asr.ctc_head", weights=named)


def labels(file: Path, tokens: list[str], boundary: str | None, order: list[int]) -> Labels:
    """Put tokens together to a tokenizer.

    Raises:
        BundleError: PB040, one is empty or there twice.
    """
    fault = token_list_fault(tokens, boundary)
    if fault is not None:
        raise refusal(UNREADABLE, file, fault)
    tokenizer: dict[str, Any] = {"type": "tokens", "tokens": tokens}
    if boundary is not None:
        tokenizer["word_boundary"] = boundary
    return Labels(tokenizer, order)


def read_tokenizer_settings(folder: Path, kinds: Sequence[str]) -> Settings:
    """Read tokenizer_config.json; without one every setting has its default.

    Args:
        folder: where it is.
        kinds: classes of tokenizers that are supported, the usual one first.

    Raises:
        BundleError: PB040, it cannot be read.
    """
    settings = read_settings("{}", str(folder / CONFIGURATION))
    if (folder / CONFIGURATION).exists():
        settings = read_json_settings(folder, CONFIGURATION)
    settings.choice("tokenizer_class", dict.fromkeys(kinds), kinds[0])
    settings.ignore(*_WITHOUT_EFFECT)
    return settings


def content_of(token: Any) -> str | None:
    """Return the text of a token, which is written bare or among its properties.

    >>> content_of("<pad>"), content_of({"content": "<pad>", "lstrip": False})
    ('<pad>', '<pad>')
    """
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None


def rows_of(settings: Settings, default: int) -> int:
    """Return how many rows the head of a model has; its configuration calls it `vocab_size`."""
    rows = settings.number("vocab_size", default)
    if 1 < rows <= _MOST_ROWS:
        return rows
    settings.refuse("vocab_size", f"a number from 2 to {_MOST_ROWS:,} is wanted")
    return default


def blank_of(settings: Settings, default: int) -> int | None:
    """Return the row of the blank that a model's configuration names, if it does."""
    found = settings.value("pad_token_id", default)
    if found is None or type(found) is int:
        return found
    settings.refuse("pad_token_id", "a whole number is wanted")
    return None
