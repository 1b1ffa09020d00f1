"""The tokens of a NeMo model: pieces from a file of the checkpoint, or labels in its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phonograph.collections.asr.foreign_settings import Settings
from phonograph.data.characters import alphabet_fault
from phonograph.data.sentencepiece_tokenizer import packed
from phonograph.data.token_list import token_list_fault
from phonograph.data.tokenizers import build_tokenizer

_ARTIFACT = "nemo:"
_MODEL = "tokenizer.model"


def translate_pieces(settings: Settings, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Translate the section `tokenizer`.

    Args:
        settings: the section.
        files: the files of the checkpoint.

    Returns:
        the tokenizer as a graph describes it; empty where it is refused.
    """
    kind = settings.value("type")
    if kind != "bpe":
        # before anything else: their other settings say nothing more
        settings.ignore(*settings)
        settings.refuse("type", f"tokenizers of type `{kind}` are not supported; `bpe` is")
        return {}
    settings.ignore("dir", "vocab_path", "spe_tokenizer_vocab")
    settings.choice("custom_tokenizer", {None: None}, None)
    named = str(settings.value("model_path") or "")
    model = files.get(named.removeprefix(_ARTIFACT)) or _only_model(files)
    if model is None:
        settings.refuse("model_path", f"the checkpoint has no file `{named}`")
        return {}
    description = {"type": "sentencepiece", "content": packed(model)}
    try:
        build_tokenizer(description)
    except ValueError as error:
        settings.refuse("model_path", str(error))
        return {}
    return description


def translate_labels(settings: Settings, key: str) -> dict[str, Any]:
    """Translate a list of labels, single characters as a rule.

    Args:
        settings: the section that has it.
        key: its name there.

    Returns:
        the tokenizer as a graph describes it; empty where it is refused.

    >>> from phonograph.collections.asr.foreign_settings import read_settings
    >>> translate_labels(read_settings('labels: [" ", a, b]'), "labels")
    {'type': 'characters', 'alphabet': ' ab'}
    """
    labels = settings.value(key)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        settings.refuse(key, "a list of texts is wanted")
        return {}
    characters = all(len(label) == 1 for label in labels)
    if characters and alphabet_fault("".join(labels)) is None:
        return {"type": "characters", "alphabet": "".join(labels)}
    reason = token_list_fault(labels, None)
    if reason is not None:
        settings.refuse(key, reason)
        return {}
    return {"type": "tokens", "tokens": labels}


def _only_model(files: Mapping[str, bytes]) -> bytes | None:
    """Find the model where the settings have a name that it had elsewhere."""
    found = [content for name, content in files.items() if name.endswith(_MODEL)]
    return found[0] if len(found) == 1 else None
