"""Say in words what the YAML parser stumbled over, and at the line to change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phonograph.errors import Diagnostic, Place
from phonograph.graphs.compose import MAX_DEPTH, Composer

if TYPE_CHECKING:
    import yaml

# What the parser reports -> what it means, and how to mend it.
_MEANINGS = {
    "mapping values are not allowed in this context": (
        "a `:` is not expected here",
        "quote a text that holds `: `, or line the key up with the keys around it",
    ),
    "did not find expected key": (
        "a new key is expected here",
        "line it up with the keys around it; close every bracket and quote once",
    ),
    "could not find expected ':'": ("this is no key: it has no `:`", "write `key: value`"),
    "did not find expected '-' indicator": (
        "the next item of a list is expected here",
        "start it with `- `, in line with the items above",
    ),
    "block sequence entries are not allowed in this context": (
        "a list cannot start here",
        "start it on a line of its own, or write [a, b]",
    ),
    "did not find expected ',' or '}'": ("`,` or `}` is expected here", ""),
    "did not find expected ',' or ']'": ("`,` or `]` is expected here", ""),
    "did not find expected node content": (
        "a value is expected here",
        "write one, or close the brackets and quotes before it",
    ),
    "found unknown escape character": (
        "an unknown escape after `\\`",
        "put the text in single quotes, where `\\` means itself",
    ),
}
_NO_MAPPING = "mapping values are not allowed in this context"
_LOST_COLON = re.compile(r"(?P<indent> *)(?P<key>\w+) +(?P<value>[^\s:#][^:#]*?) *")
_LOST = "not valid YAML: this is no key: it has no `:`"
_TOO_DEEP = "exceeded maximum nesting depth"  # PyYAML 6.0.4 has a bound of its own, above ours
_TAB = "a tab cannot start a value or indent a line", "use spaces"


def syntax_fault(error: yaml.MarkedYAMLError, composer: Composer) -> Diagnostic:
    """Turn an error of the parser into a diagnostic."""
    problem, start = str(error.problem), error.context_mark
    mark = error.problem_mark or start
    if mark is None:
        return Diagnostic("PG001", f"not valid YAML: {problem}", Place(composer.name))
    here = composer.place(mark, mark)
    if problem == _TOO_DEEP:
        return Diagnostic("PG003", f"nested more than {MAX_DEPTH} levels deep", here)
    if start is not None and _never_closed(problem, start, mark):
        opened = composer.place(start, start)
        bracket = opened.source[start.column : start.column + 1]
        message = f"not valid YAML: this `{bracket}` is not closed"
        causes = (f"it is still open at {here}",)
        return Diagnostic("PG001", message, opened, causes=causes)
    if problem == "could not find expected ':'" and start is not None:
        here = composer.place(start)
    if problem == _NO_MAPPING and (before := _without_colon(here, composer)):
        return before
    meaning, help = _meaning(problem, here.source[mark.column : mark.column + 1])
    return Diagnostic("PG001", f"not valid YAML: {meaning}", here, help=help)


def _without_colon(here: Place, composer: Composer) -> Diagnostic | None:
    """Find the key of the line above that lost its `:`; the parser stops one line later."""
    line = composer.lines[here.line - 2] if here.line > 1 else ""
    lost = _LOST_COLON.fullmatch(line)
    if lost is None or len(lost["indent"]) != len(here.source) - len(here.source.lstrip()):
        return None
    key, column = lost["key"], lost.start("key") + 1
    place = Place(here.file, here.line - 1, column, len(key), line)
    return Diagnostic("PG001", _LOST, place, help=f"write `{key}: {lost['value']}`")


def _never_closed(problem: str, start: yaml.Mark, mark: yaml.Mark) -> bool:
    if problem.endswith(("or '}'", "or ']'")):
        return start.line < mark.line
    return problem == "found unexpected end of stream"


def _meaning(problem: str, character: str) -> tuple[str, str]:
    if character == "\t":
        return _TAB
    if character == "?" and problem == "did not find expected node content":
        return "a `?` cannot start a value between brackets", 'write "???" in quotes'
    if problem == "found character that cannot start any token":
        named = "a backtick" if character == "`" else f"`{character}`"
        return f"{named} cannot start a value", "put the text in quotes"
    return _MEANINGS.get(problem, (problem, ""))
