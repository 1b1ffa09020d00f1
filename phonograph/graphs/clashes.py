"""Say in words why two values cannot both hold, and which line to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phonograph.errors import Diagnostic, Edit, Place
from phonograph.graphs.equations import FROM_DECLARATION
from phonograph.graphs.fixes import deleted
from phonograph.graphs.spec import GraphSpec
from phonograph.types.declaration import Declaration
from phonograph.types.solver import Anchor, Conflict, Link, Solution, Unknown, Value, size_of
from phonograph.types.vocabulary import Vocabulary

Declarations = Mapping[str, Declaration]

LARGEST_SIZE = 1 << 24

_RANGE = f"from 1 to {LARGEST_SIZE:,}"
_RATE = "sample rate"
_VOCABULARY = "vocabulary"


def explain_conflict(spec: GraphSpec, declarations: Declarations, conflict: Conflict) -> Diagnostic:
    """Turn a solver conflict into a diagnostic at the line of the blamed value."""
    blamed, required = conflict.blamed, conflict.required
    same = size_of(conflict.expected) == size_of(blamed.value)
    domain = _domain(declarations, blamed.unknown) or _domain(declarations, required.unknown)
    expected, got = (_in_words(value, whole=same) for value in (conflict.expected, blamed.value))
    path = " -> ".join([_with_place(spec, required), *conflict.chain])
    return Diagnostic(
        _code(domain),
        f"{_subject(domain, same=same)} disagree",
        _place(spec, blamed),
        label=f"{got} here",
        causes=(f"{expected} is required: {path}",),
        help=_mend(spec, declarations, conflict, expected),
        fix=_deletion(spec, declarations, conflict),
    )


def explain_broken_links(
    spec: GraphSpec, declarations: Declarations, solution: Solution
) -> Iterator[Diagnostic]:
    """Turn loops of wires that no size satisfies into diagnostics, one for each origin."""
    first: dict[Anchor, Link] = {}
    for link in solution.broken:
        first.setdefault(solution.reasons[link.right], link)
    for origin, link in first.items():
        domain = _domain(declarations, link.right)
        node, _, port = link.via[1].partition(".")
        offered = link.scale * size_of(solution.values[link.left]) + link.offset
        found = _in_words(solution.values[link.right])
        yield Diagnostic(
            _code(domain),
            f"{_subject(domain, same=False)} disagree between two ways to `{node}`",
            spec.document.place("modules", node, "from", port),
            label=f"{offered} here",
            causes=(
                f"`{link.right.name}` of `{node}` is {found} by its other wire",
                f"both follow from {_with_place(spec, origin)}",
            ),
        )


def explain_bad_sizes(
    spec: GraphSpec, declarations: Declarations, solution: Solution
) -> Iterator[Diagnostic]:
    """Report values that are no sizes, once for each origin, at the line of the origin."""
    seen = {conflict.required for conflict in solution.conflicts}
    for unknown, value in solution.values.items():
        size, origin = size_of(value), solution.reasons[unknown]
        if (size.denominator == 1 and 0 < size <= LARGEST_SIZE) or origin in seen:
            continue
        seen.add(origin)
        causes = (f"it follows from {_with_place(spec, origin)}",)
        yield Diagnostic(
            _code(_domain(declarations, unknown)),
            f"`{unknown.name}` of `{unknown.node}` cannot be {size}: it is whole, {_RANGE}",
            _place(spec, origin),
            label=f"{_in_words(origin.value)} here",
            causes=causes if unknown != origin.unknown else (),
        )


def _code(domain: str) -> str:
    return {_VOCABULARY: "PG030", _RATE: "PG032"}.get(domain, "PG031")


def _subject(domain: str, *, same: bool) -> str:
    if domain == _VOCABULARY:
        return "vocabularies of equal size" if same else "vocabulary sizes"
    return "sample rates" if domain == _RATE else "sizes"


def _domain(declarations: Declarations, unknown: Unknown) -> str:
    for kind in declarations[unknown.node].all_ports():
        for attribute, name in kind.solved_attributes().items():
            if name == unknown.name:
                return type(kind).solved[attribute]
    return ""


def _in_words(value: Value, *, whole: bool = False) -> str:
    """Print a number, or the whole vocabulary where sizes alone would look the same."""
    if whole and isinstance(value, Vocabulary):
        alphabet = value.tokenizer.get("alphabet")
        return f'"{alphabet}"' if isinstance(alphabet, str) else f"vocabulary {value.fingerprint}"
    return str(size_of(value))


def _with_place(spec: GraphSpec, anchor: Anchor) -> str:
    place = _place(spec, anchor)
    where = f"{place.file}:{place.line}" if place.line else place.file
    return f"{anchor.source} ({where})"


def _place(spec: GraphSpec, anchor: Anchor) -> Place:
    node, _, name = anchor.source.partition(".")
    if name in spec.nodes[node].parameters:
        return spec.document.place("modules", node, "with", name)
    return spec.document.key_place("modules", node)


def _deletion(spec: GraphSpec, declarations: Declarations, conflict: Conflict) -> Edit | None:
    """Delete the parameter where the wires solve it anyway."""
    blamed = conflict.blamed
    node, _, parameter = blamed.source.partition(".")
    decides = blamed.unknown.name != parameter or declarations[node].is_source
    if blamed.strength == FROM_DECLARATION or decides:
        return None
    return deleted(spec.document.key_place("modules", node, "with", parameter), parameter)


def _mend(spec: GraphSpec, declarations: Declarations, conflict: Conflict, expected: str) -> str:
    blamed = conflict.blamed
    node, _, parameter = blamed.source.partition(".")
    if blamed.strength == FROM_DECLARATION:
        return f"`{blamed.source}` is always so: wire another module there, or one in between"
    if blamed.unknown.name != parameter:
        return f"change `{parameter}` of `{node}` so that it gives {expected}"
    if declarations[node].is_source:
        return f"make it {expected}, or keep `{node}` apart from `{conflict.required.unknown.node}`"
    if not spec.document.place("modules", node, "with", parameter).line:
        return f"leave it out; it is solved as {expected}"
    return f"delete `{parameter}`; it is solved as {expected}"
