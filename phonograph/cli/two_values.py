"""Two values side by side, so short that the difference shows."""

from __future__ import annotations

import json
import re
from typing import Any

from phonograph.graphs.changes import ABSENT

LONGEST = 44
_AROUND = 8
_PLAIN = re.compile(r"[\w./:*?@%+ -]*")


def in_two_values(before: Any, after: Any) -> tuple[str, str]:
    """Write two values as YAML would; of long ones, only the parts that differ.

    >>> in_two_values(1e-3, None), in_two_values(ABSENT, [1, 2])
    (('0.001', 'nothing'), ('', '[1, 2]'))
    """
    return in_two_texts(_in_yaml(before), _in_yaml(after))


def in_two_texts(one: str, other: str) -> tuple[str, str]:
    """Keep of two long texts only the parts that differ.

    >>> in_two_texts("abcdefghijklmnopqrstuvwxyz" * 2, "abcdefghijklmnopqrstuvwxyz" * 2 + "é")
    ('…stuvwxyz', '…stuvwxyzé')
    """
    if max(len(one), len(other)) <= LONGEST:
        return one, other
    if not one or not other:
        return _cut(one), _cut(other)
    start = max(0, _alike(one, other) - _AROUND)
    ends = _alike(one[start + _AROUND :][::-1], other[start + _AROUND :][::-1])
    end = max(0, ends - _AROUND)
    return _part(one, start, end), _part(other, start, end)


def _alike(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((place for place, (left, right) in pairs if left != right), shorter)


def _part(text: str, start: int, end: int) -> str:
    kept = text[start : len(text) - end]
    return f"{'…' if start else ''}{_cut(f'{kept}…' if end else kept)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _in_yaml(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case str() if _PLAIN.fullmatch(value) and value.strip() == value and value:
            return value
        case list():
            return f"[{', '.join(map(_in_yaml, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_in_yaml(item)}' for key, item in value.items())}}}"
    return "" if value is ABSENT else json.dumps(value, ensure_ascii=False)
