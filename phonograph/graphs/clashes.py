"""Say in words why two values cannot both hold, and which line to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from phonograph.errors import Diagnostic
from phonograph.graphs.given_values import RATE, VOCABULARY, Declarations, GivenValues
from phonograph.graphs.list_ports import trail_to
from phonograph.graphs.spec import GraphSpec
from phonograph.types.components import Conflict
from phonograph.types.equalities import Anchor, Link, Value, size_of
from phonograph.types.solver import Solution
from phonograph.types.sums import Share, SumConflict
from phonograph.types.vocabulary import Vocabulary

LARGEST_SIZE = 1 << 24

_LONGEST_WAY = 16
_MOST_TERMS = 6
_RANGE = f"from 1 to {LARGEST_SIZE:,}"


def explain_conflict(spec: GraphSpec, declarations: Declarations, conflict: Conflict) -> Diagnostic:
    """Turn a solver conflict into a diagnostic at the line of the blamed value."""
    given = GivenValues(spec, declarations)
    blamed, required = conflict.blamed, conflict.required
    same = size_of(conflict.expected) == size_of(blamed.value)
    domain = given.domain(blamed.unknown, required.unknown)
    expected, got = (_in_words(value, whole=same) for value in (conflict.expected, blamed.value))
    path = _way([given.named(required), *conflict.chain])
    return Diagnostic(
        _code(domain),
        f"{_subject(domain, same=same)} disagree",
        given.place(blamed),
        label=f"{got} here",
        causes=(f"{expected} is required: {path}",),
        help=given.mend(blamed, expected, required.unknown.node),
        fix=given.deletion(blamed),
    )


def explain_sum(spec: GraphSpec, declarations: Declarations, conflict: SumConflict) -> Diagnostic:
    """Turn a sum that does not hold into a diagnostic at the line of the blamed value."""
    given = GivenValues(spec, declarations)
    blamed, expected = conflict.blamed, conflict.expected
    fits = expected is not None and is_size(expected)
    return Diagnostic(
        _code(given.domain(blamed.unknown)),
        "sizes do not add up",
        given.place(blamed),
        label="" if blamed.source == conflict.sum.via else f"{_in_words(blamed.value)} here",
        causes=(_addition(conflict), *_what_the_rest_is(given, conflict)),
        help=given.mend(blamed, str(expected), conflict.sum.total.node) if fits else "",
    )


def _addition(conflict: SumConflict) -> str:
    """Write a sum down: `joined.encoded is first.encoded 80 + second.encoded 144 = 224`."""
    equality, total = conflict.sum, conflict.total
    if total is None:
        names = [f"{scale}*{part.name}" for part, scale in equality.parts]
        return f"no sizes make the width of {equality.via} {' + '.join(names)}"
    found = sum((share.scale * share.value for share in conflict.parts), equality.offset)
    terms = [_term(share) for share in conflict.parts]
    shown = terms if len(terms) <= _MOST_TERMS else [*terms[: _MOST_TERMS - 1], "…"]
    shown += [str(equality.offset)] if equality.offset else []
    return f"{equality.via} is {' + '.join(shown)} = {found}, but {total.value} by its other wires"


def _term(share: Share) -> str:
    """Name what brings a width, and how wide it is."""
    source = share.chain[-2] if len(share.chain) > 1 else str(share.unknown)
    return (
        f"{source} {share.value}" if share.scale == 1 else f"{share.scale}*{source} {share.value}"
    )


def _what_the_rest_is(given: GivenValues, conflict: SumConflict) -> Iterator[str]:
    """Say where the numbers come from that the blamed value does not decide."""
    shares = [*conflict.parts, *([conflict.total] if conflict.total else [])]
    rest = {(one.value, one.origins): one for one in reversed(shares)}
    told = [one for one in reversed(rest.values()) if conflict.blamed not in one.origins]
    for share in told[:_MOST_TERMS]:
        origins = _in_one(given, share.origins)
        yield f"{share.value} follows from {_way([origins, *share.chain])}"


def _way(places: list[str]) -> str:
    if len(places) > _LONGEST_WAY:
        places = [*places[: _LONGEST_WAY // 2], "…", *places[-_LONGEST_WAY // 2 :]]
    return " -> ".join(places)


def _in_one(given: GivenValues, origins: Sequence[Anchor]) -> str:
    more = f" and {len(origins) - 3} more" if len(origins) > 3 else ""
    return " and ".join(map(given.named, origins[:3])) + more


def explain_broken_links(
    spec: GraphSpec, declarations: Declarations, solution: Solution
) -> Iterator[Diagnostic]:
    """Turn loops of wires that no size satisfies into diagnostics, one for each origin."""
    given = GivenValues(spec, declarations)
    first: dict[Anchor, Link] = {}
    for link in solution.broken:
        first.setdefault(solution.reasons[link.right], link)
    for origin, link in first.items():
        domain = given.domain(link.right)
        node, port = spec.split(link.via[1])
        offered = link.scale * size_of(solution.values[link.left]) + link.offset
        found = _in_words(solution.values[link.right])
        yield Diagnostic(
            _code(domain),
            f"{_subject(domain, same=False)} disagree between two ways to `{node}`",
            spec.document.place("modules", node, *trail_to(spec.nodes[node], port)),
            label=f"{offered} here",
            causes=(
                f"`{link.right.name}` of `{node}` is {found} by its other wire",
                f"both follow from {given.named(origin)}",
            ),
        )


def explain_bad_sizes(
    spec: GraphSpec, declarations: Declarations, solution: Solution
) -> Iterator[Diagnostic]:
    """Report values that are no sizes, once for each origin, at the line of the origin."""
    given = GivenValues(spec, declarations)
    seen = {conflict.required for conflict in solution.conflicts}
    seen |= {conflict.blamed for conflict in solution.sum_conflicts}
    hushed: set[Anchor] = set()
    for unknown, value in solution.values.items():
        size = size_of(value)
        if is_size(size):
            continue
        reason = solution.reasons[unknown]
        if reason in hushed or not hushed.isdisjoint(solution.behind.get(reason, ())):
            hushed.add(reason)  # it follows from what was told
            continue
        hushed.add(reason)
        origins = solution.given_for(unknown)
        if not seen.isdisjoint(origins):
            continue
        origin = min(origins, key=lambda one: one.strength, default=solution.reasons[unknown])
        seen.add(origin)
        causes = (f"it follows from {_in_one(given, origins or (origin,))}",)
        yield Diagnostic(
            _code(given.domain(unknown)),
            f"`{unknown.name}` of `{unknown.node}` cannot be {size}: it is whole, {_RANGE}",
            given.place(origin),
            label=f"{_in_words(origin.value)} here",
            causes=causes if unknown != origin.unknown else (),
        )


def is_size(value: Fraction) -> bool:
    """Whether a number may be a width, a rate or a number of tokens."""
    return value.denominator == 1 and 0 < value <= LARGEST_SIZE


def _code(domain: str) -> str:
    return {VOCABULARY: "PG030", RATE: "PG032"}.get(domain, "PG031")


def _subject(domain: str, *, same: bool) -> str:
    if domain == VOCABULARY:
        return "vocabularies of equal size" if same else "vocabulary sizes"
    return "sample rates" if domain == RATE else "sizes"


def _in_words(value: Value, *, whole: bool = False) -> str:
    """Print a number, or the whole vocabulary where sizes alone would look the same."""
    if whole and isinstance(value, Vocabulary):
        alphabet = value.tokenizer.get("alphabet")
        return f'"{alphabet}"' if isinstance(alphabet, str) else f"vocabulary {value.fingerprint}"
    return str(size_of(value))
