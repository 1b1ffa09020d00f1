"""Reading docstrings in Google form: what a module says of itself and of its arguments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields|Examples?):$")
_ARGUMENT = re.compile(r"\*{0,2}(\w+)(?: ?\([^)]*\))?:(?: (.*))?$")
PAPER = re.compile(r" ?\(([^()]*\b(?:19|20)\d\d\b[^()]*)\)")
"""A publication in brackets: it has a year."""


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in its parts.

    Args:
        prose: paragraphs before, between and after the sections; the first is the summary.
        arguments: argument -> what is said about it, on one line.
        raises: exception -> when it is raised, on one line.
        examples: groups of lines that can be pasted, with what they print.
    """

    prose: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    raises: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first paragraph."""
        return self.prose[0] if self.prose else ""

    @property
    def papers(self) -> tuple[str, ...]:
        """The publications that are named in brackets.

        >>> read_docstring("Score frames (Graves et al. 2006, sec. 3).").papers
        ('Graves et al. 2006, sec. 3',)
        """
        texts = [*self.prose, *self.arguments.values()]
        found = (paper for text in texts for paper in PAPER.findall(text))
        return tuple(dict.fromkeys(found))


def docstring_of(thing: object) -> Docstring:
    """Read what an object says of itself; nothing where it has no docstring of its own."""
    own = getattr(thing, "__doc__", None)
    return read_docstring(inspect.cleandoc(own) if isinstance(own, str) else "")


def read_docstring(text: str) -> Docstring:
    r"""Read a docstring.

    Args:
        text: without the indentation of the code around it.

    >>> read = read_docstring("Stack.\n\nArgs:\n    count: frames,\n        at least 1.")
    >>> read.summary, read.arguments
    ('Stack.', {'count': 'frames, at least 1.'})
    """
    prose: list[str] = []
    examples: list[str] = []
    sections: dict[str, list[str]] = {}
    for block in _blocks(text.splitlines()):
        heading = _SECTION.match(block[0])
        if heading:
            sections.setdefault(heading[1], []).extend(block[1:])
        elif block[0].startswith(">>>"):
            examples.append("\n".join(block))
        else:
            prose.append(" ".join(line.strip() for line in block))
    arguments, raises = _entries(sections.get("Args", [])), _entries(sections.get("Raises", []))
    return Docstring(tuple(prose), arguments, raises, tuple(examples))


def _blocks(lines: Iterable[str]) -> Iterable[list[str]]:
    """Cut at empty lines; a section goes on over them as long as its lines are indented."""
    block: list[str] = []
    apart = False
    for line in lines:
        if not line.strip():
            apart = True
            continue
        inside = line.startswith(" ") and block and _SECTION.match(block[0])
        if block and not inside and (apart or _SECTION.match(line)):
            yield block
            block = []
        block.append(line.rstrip())
        apart = False
    if block:
        yield block


def _entries(lines: Iterable[str]) -> dict[str, str]:
    """Read `name: text` with the lines that go on, which are indented further."""
    entries: dict[str, list[str]] = {}
    depth, name = None, ""
    for line in lines:
        indent = len(line) - len(line.lstrip())
        depth = indent if depth is None else depth
        match = _ARGUMENT.match(line.strip()) if indent <= depth else None
        if match:
            name = match[1]
            entries[name] = [match[2] or ""]
        elif name:
            entries[name].append(line.strip())
    return {name: " ".join(part for part in parts if part) for name, parts in entries.items()}
