"""Replace `${path.to.key}` by the value at that path; what it all grows to is bounded."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from typing import Any

from phonograph.errors import Diagnostic, Edit, GraphError, nearest
from phonograph.graphs.compose import MAX_DEPTH, MAX_VALUES, Mark, Trail
from phonograph.graphs.document import MAX_BYTES, Document
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.merge import trails
from phonograph.graphs.parameters import GIVEN_LATER

MAX_CHARACTERS = 4 * MAX_BYTES

_MOST_GUESSES = 20
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+)*)\}")


def fill_in_references(
    document: Document, given: Container[Trail] = ()
) -> tuple[Document, list[Diagnostic]]:
    """Return the document with every reference replaced, and the references that cannot be.

    A text that is one reference becomes the value itself, of whatever kind; inside a longer text
    the value must be single. A reference to `???` is left open too. What is inside of a value that
    came through a reference keeps its marks. A path that starts with a reference is relative to
    what the referred path is relative to.

    Args:
        document: as read.
        given: values whose references are to be mended where the value itself stands.

    Raises:
        GraphError: references expand beyond a bound.

    >>> from pathlib import Path
    >>> from phonograph.graphs.document import parse_document
    >>> document = parse_document("{root: data, train: '${root}/a', n: ['${root}']}", "x", Path())
    >>> fill_in_references(document)[0].data
    {'root': 'data', 'train': 'data/a', 'n': ['data']}
    """
    filler = _Filler(document, given)
    data = filler.fill(document.data, ())
    filled = replace(
        document,
        data=data,
        marks=filler.marks,
        folders=filler.folders,
        referring=frozenset(filler.referring),
    )
    return filled, filler.faults


class _Filler:
    def __init__(self, document: Document, given: Container[Trail]) -> None:
        self.document = document
        self.given = given
        self.marks = dict(document.marks)
        self.folders = dict(document.folders)
        self.faults: list[Diagnostic] = []
        self.lost: set[Trail] = set()
        self.open: list[Trail] = []
        self.referring: set[Trail] = set()
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
        if found == GIVEN_LATER:
            self.referring.add(trail)
        return found

    def _whole(self, name: str, trail: Trail) -> Any:
        target = self._target(name, trail)
        if target is None:
            return None
        found = self._value_at(target)
        self._take_folder(target, trail)
        for inner in trails(found):
            if (inner or target in self.given) and (*target, *inner) in self.marks:
                value, key = self.marks[*target, *inner], self.marks.get(trail)
                self.marks[*trail, *inner] = (
                    value if inner or not key else Mark(value.value, key.key)
                )
            if (*target, *inner) in self.folders:
                self.folders[*trail, *inner] = self.folders[*target, *inner]
        return found

    def _inserted(self, text: str, trail: Trail) -> str:
        parts: list[str] = []
        end = 0
        for match in _REFERENCE.finditer(text):
            target = self._target(match[1], trail)
            value = None if target is None else self._value_at(target)
            if value == GIVEN_LATER:
                return GIVEN_LATER
            if value is None and (target is None or target in self.lost):
                return ""
            if target is not None and match.start() == 0:
                self._take_folder(target, trail)
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

    def _value_at(self, target: Trail) -> Any:
        """Return what a reference stands for."""
        value = self.document.data
        for step in target:
            value = value[step]
        return self.fill(value, target)

    def _take_folder(self, target: Trail, trail: Trail) -> None:
        """Make paths at a trail relative to what paths at another are relative to."""
        known = (target[:depth] for depth in range(len(target), 0, -1))
        nearest = next((self.folders[one] for one in known if one in self.folders), None)
        self.folders[trail] = nearest or self.document.folder

    def _target(self, name: str, trail: Trail) -> Trail | None:
        target: Trail = ()
        inside = self.document.data
        for key in name.split("."):
            step = int(key) if isinstance(inside, list) and key.isdecimal() else key
            try:
                inside = inside[step]
            except (LookupError, TypeError):
                known = self._names() if len(self.faults) < _MOST_GUESSES else []
                fix = nearest_fix(self.document.place(*trail), name, known, around="${{{}}}")
                self._lose(trail, f"`${{{name}}}` leads nowhere", nearest(name, known), fix)
                return None
            target = (*target, step)
        return target

    def _names(self) -> list[str]:
        return [".".join(map(str, trail)) for trail in self.document.marks if trail]

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
