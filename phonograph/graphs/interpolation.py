"""Replace `${path.to.key}` by the value at that path; what it all grows to is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from phonograph.errors import Diagnostic, Edit, GraphError, nearest
from phonograph.graphs.compose import MAX_DEPTH, MAX_VALUES, Trail
from phonograph.graphs.document import MAX_BYTES, Document
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.parameters import GIVEN_LATER

MAX_CHARACTERS = 4 * MAX_BYTES

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+)*)\}")


def fill_in_references(document: Document) -> tuple[Document, list[Diagnostic]]:
    """Return the document with every reference replaced, and the references that cannot be.

    A text that is one reference becomes the value itself, of whatever kind; inside a longer text
    the value must be single. A reference to `???` is left open too. Values that came through a
    reference keep their marks and their folders.

    Raises:
        GraphError: references expand beyond a bound.

    >>> from pathlib import Path
    >>> from phonograph.graphs.document import parse_document
    >>> document = parse_document("{root: data, train: '${root}/a', n: ['${root}']}", "x", Path())
    >>> fill_in_references(document)[0].data
    {'root': 'data', 'train': 'data/a', 'n': ['data']}
    """
    filler = _Filler(document)
    data = filler.fill(document.data, ())
    return replace(document, data=data, marks=filler.marks, folders=filler.folders), filler.faults


class _Filler:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.marks = dict(document.marks)
        self.folders = dict(document.folders)
        self.faults: list[Diagnostic] = []
        self.lost: set[Trail] = set()
        self.open: list[Trail] = []
        self.values = self.characters = 0

    def fill(self, value: Any, trail: Trail) -> Any:
        """Return a copy of the value at a trail with its references replaced."""
        self.values += 1
        if self.values > MAX_VALUES:
            self._stop(f"references expand to more than {MAX_VALUES:,} values", trail)
        match value:
            case dict():
                return {key: self.fill(inner, (*trail, key)) for key, inner in value.items()}
            case list():
                return [self.fill(inner, (*trail, place)) for place, inner in enumerate(value)]
            case str() if "${" in value:
                return self._text(value, trail)
        return value

    def _text(self, text: str, trail: Trail) -> Any:
        if trail in self.open:
            self._lose_circle(trail)
            return None
        if "${" in _REFERENCE.sub("", text):
            help = "name a key of this file; resolvers and environment variables are not read"
            self._lose(trail, "only `${path.to.key}` can be interpolated", help)
            return None
        self.open.append(trail)
        if len(self.open) > MAX_DEPTH:
            self._stop(f"references follow one another over more than {MAX_DEPTH} steps", trail)
        whole = _REFERENCE.fullmatch(text)
        found = self._whole(whole[1], trail) if whole else self._inserted(text, trail)
        self.open.pop()
        return found

    def _whole(self, name: str, trail: Trail) -> Any:
        target = self._target(name, trail)
        if target is None:
            return None
        found = self._value_at(target, trail)
        for inner in _trails(found, ()):
            if inner and (*target, *inner) in self.marks:
                self.marks[*trail, *inner] = self.marks[*target, *inner]
            if (*target, *inner) in self.folders:
                self.folders[*trail, *inner] = self.folders[*target, *inner]
        return found

    def _inserted(self, text: str, trail: Trail) -> str:
        parts: list[str] = []
        end = 0
        for match in _REFERENCE.finditer(text):
            target = self._target(match[1], trail)
            value = None if target is None else self._value_at(target, trail)
            if value == GIVEN_LATER:
                return GIVEN_LATER
            if value is None and (target is None or target in self.lost):
                return ""
            parts += [text[end : match.start()], self._written(value, match[1], trail)]
            end = match.end()
        whole = "".join([*parts, text[end:]])
        self.characters += len(whole)
        if self.characters > MAX_CHARACTERS:
            self._stop(f"references expand to more than {MAX_CHARACTERS:,} characters", trail)
        return whole

    def _written(self, value: Any, name: str, trail: Trail) -> str:
        match value:
            case None | dict() | list():
                self._lose(trail, f"`${{{name}}}` is no single value to put into a text")
                return ""
            case bool():
                return str(value).lower()
        return str(value)

    def _value_at(self, target: Trail, trail: Trail) -> Any:
        """Return what a reference stands for; the folder of its paths comes along."""
        value = self.document.data
        for step in target:
            value = value[step]
        value = self.fill(value, target)
        for depth in range(1, len(target) + 1):
            if target[:depth] in self.folders:
                self.folders[trail] = self.folders[target[:depth]]
        return value

    def _target(self, name: str, trail: Trail) -> Trail | None:
        target: Trail = ()
        inside = self.document.data
        for key in name.split("."):
            step = int(key) if isinstance(inside, list) and key.isdecimal() else key
            try:
                inside = inside[step]
            except (LookupError, TypeError):
                known = [".".join(map(str, one)) for one in self.document.marks if one]
                fix = nearest_fix(self.document.place(*trail), name, known, around="${{{}}}")
                self._lose(trail, f"`${{{name}}}` leads nowhere", nearest(name, known), fix)
                return None
            target = (*target, step)
        return target

    def _lose_circle(self, trail: Trail) -> None:
        circle = [*self.open[self.open.index(trail) :], trail]
        path = " -> ".join(".".join(map(str, one)) for one in circle)
        if not self.lost & set(circle):
            self._lose(trail, f"this value refers to itself: {path}")
        self.lost |= set(circle)

    def _lose(self, trail: Trail, message: str, help: str = "", fix: Edit | None = None) -> None:
        if trail not in self.lost:
            self.lost.add(trail)
            place = self.document.place(*trail)
            self.faults.append(Diagnostic("PG007", message, place, help=help, fix=fix))

    def _stop(self, message: str, trail: Trail) -> None:
        raise GraphError(Diagnostic("PG003", message, self.document.place(*trail)))


def _trails(value: Any, trail: Trail) -> Iterator[Trail]:
    yield trail
    match value:
        case dict():
            for key, inner in value.items():
                yield from _trails(inner, (*trail, key))
        case list():
            for place, inner in enumerate(value):
                yield from _trails(inner, (*trail, place))
