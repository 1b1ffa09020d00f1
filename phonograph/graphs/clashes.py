"""Say in words why two values cannot both hold, and which line to change."""

from __future__ import annotations

from collections.abc import Mapping

from phonograph.errors import Diagnostic, Place
from phonograph.graphs.spec import GraphSpec
from phonograph.types.declaration import Declaration
from phonograph.types.solver import Anchor, Conflict, Link, Solution, Unknown, Value, size_of
from phonograph.types.vocabulary import Vocabulary


def explain_conflict(
    spec: GraphSpec, declarations: Mapping[str, Declaration], conflict: Conflict
) -> Diagnostic:
    """Turn a solver conflict into a diagnostic at the line of the blamed value."""
    blamed, required = conflict.blamed, conflict.required
    code, subject, same_size = _subject(declarations, conflict)
    expected, got = (_in_words(v, same_size) for v in (conflict.expected, blamed.value))
    parameter = blamed.source.partition(".")[2]
    origin = _place(spec, required)
    where = f" ({origin.file}:{origin.line})" if origin.line else ""
    path = " -> ".join([f"{required.source}{where}", *conflict.chain])
    return Diagnostic(
        code,
        f"{subject} disagree",
        _place(spec, blamed),
        label=f"{got} here",
        causes=(f"{expected} is required: {path}",),
        help=_mend(spec, blamed, parameter, expected),
    )


def explain_broken_link(spec: GraphSpec, link: Link, solution: Solution) -> Diagnostic:
    """Turn a loop of wires that no size satisfies into a diagnostic."""
    left, right = solution.values[link.left], solution.values[link.right]
    node = link.via[1].partition(".")[0]
    causes = (
        f"{link.via[0]} has {link.left.name} = {_in_words(left)}",
        f"{link.via[1]} has {link.right.name} = {_in_words(right)}",
    )
    place = spec.document.place("modules", node, "from", link.via[1].partition(".")[2])
    return Diagnostic("PG031", "sizes disagree around a loop of wires", place, causes=causes)


def _subject(declarations: Mapping[str, Declaration], conflict: Conflict) -> tuple[str, str, bool]:
    same = size_of(conflict.expected) == size_of(conflict.blamed.value)
    domain = _domain(declarations, conflict.blamed.unknown)
    domain = domain or _domain(declarations, conflict.required.unknown)
    if domain == "vocabulary":
        return "PG030", "vocabularies of equal size" if same else "vocabulary sizes", same
    if domain == "sample rate":
        return "PG032", "sample rates", same
    return "PG031", "sizes", same


def _domain(declarations: Mapping[str, Declaration], unknown: Unknown) -> str:
    for kind in declarations[unknown.node].all_ports():
        for attribute, name in kind.solved_attributes().items():
            if name == unknown.name:
                return type(kind).solved[attribute]
    return ""


def _in_words(value: Value, whole: bool = False) -> str:
    """Print a number, or the whole vocabulary where sizes alone would look the same."""
    if whole and isinstance(value, Vocabulary):
        alphabet = value.tokenizer.get("alphabet")
        return f'"{alphabet}"' if isinstance(alphabet, str) else f"vocabulary {value.fingerprint}"
    return str(size_of(value))


def _place(spec: GraphSpec, anchor: Anchor) -> Place:
    node, _, name = anchor.source.partition(".")
    if node not in spec.nodes:
        return spec.document.place()
    if name in spec.nodes[node].parameters:
        return spec.document.place("modules", node, "with", name)
    return spec.document.key_place("modules", node)


def _mend(spec: GraphSpec, blamed: Anchor, parameter: str, expected: str) -> str:
    node = blamed.source.partition(".")[0]
    if blamed.unknown.name != parameter:
        return f"change `{parameter}` of `{node}` so that it gives {expected}"
    if parameter in spec.nodes[node].parameters:
        return f"delete `{parameter}`; it is solved as {expected}"
    return ""
