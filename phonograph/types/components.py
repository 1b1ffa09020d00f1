"""Unknowns that links tie together: one number fixes all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from phonograph.types.equalities import Anchor, Link, Unknown, Value, size_of
from phonograph.types.vocabulary import Vocabulary

Ties = Mapping[Unknown, Sequence[Link]]
Map = tuple[Fraction, Fraction]

_MOST_CHAINS = 100


@dataclass(frozen=True, slots=True)
class Conflict:
    """An anchor to change, the anchor it contradicts, and the ports between them.

    Args:
        blamed: the anchor that should change.
        required: the anchor that wins.
        expected: the value that would agree with `required` at the blamed unknown.
        chain: port names from `required` to `blamed`; empty after the first hundred of a component.
    """

    blamed: Anchor
    required: Anchor
    expected: Value
    chain: tuple[str, ...]


class Component:
    """Unknowns that determine one another, each an affine function of the first.

    Args:
        ties: every unknown -> the links it is part of.
        first: the unknown that all others are expressed by.
        rank: decides the order of the members.

    Attributes:
        members: the unknowns, in order.
        maps: unknown -> (scale, offset) by which it follows from the root, the first one's value.
        values: what was found; empty while the component is open.
        reason: the anchor that the values come from, or None.
        conflicts: anchors that contradict it.
    """

    def __init__(self, ties: Ties, first: Unknown, rank: Mapping[Unknown, int]) -> None:
        self._ties = ties
        self.maps: dict[Unknown, Map] = {first: (Fraction(1), Fraction(0))}
        waiting = [first]
        for parent in waiting:  # grows while it is walked
            for link in ties[parent]:
                child = link.right if link.left == parent else link.left
                if child not in self.maps:
                    self.maps[child] = _step(link, parent, self.maps[parent])
                    waiting.append(child)
        self.members = sorted(waiting, key=rank.__getitem__)
        self.values: dict[Unknown, Value] = {}
        self.anchors: tuple[Anchor, ...] = ()
        self.reason: Anchor | None = None
        self.conflicts: tuple[Conflict, ...] = ()

    def settle(self, anchors: Sequence[Anchor]) -> None:
        """Take the value that most anchors support, and find those that contradict it."""
        self.anchors = tuple(anchors)
        self.reason = self._winner(anchors)
        self._assign(self.root_of(self.reason))
        clashing = [anchor for anchor in anchors if self._clashes(anchor)]
        if clashing:
            ways = Ways(self._ties, self.reason.unknown)
            self.conflicts = tuple(
                Conflict(
                    one,
                    self.reason,
                    self.values[one.unknown],
                    ways.to(one.unknown) if number < _MOST_CHAINS else (),
                )
                for number, one in enumerate(clashing)
            )

    def follow(self, root: Fraction, reason: Anchor) -> None:
        """Take a value that something else decides."""
        self.reason = reason
        self._assign(root)

    def root_of(self, anchor: Anchor) -> Fraction:
        """Return the first unknown's value by an anchor."""
        scale, offset = self.maps[anchor.unknown]
        return (size_of(anchor.value) - offset) / scale

    def value_at(self, unknown: Unknown, root: Fraction) -> Fraction:
        """Return an unknown's value by that of the first one."""
        scale, offset = self.maps[unknown]
        return scale * root + offset

    def broken_links(self) -> Iterator[Link]:
        """Yield the equalities around a loop that the values found do not satisfy."""
        for member in self.members if self.values else ():
            for link in self._ties[member]:
                if link.left == member and not self._holds(link):
                    yield link

    def _assign(self, root: Fraction) -> None:
        whole = {
            self.maps[anchor.unknown]: anchor.value
            for anchor in reversed(self.anchors)
            if isinstance(anchor.value, Vocabulary) and self.root_of(anchor) == root
        }
        if self.reason is not None and isinstance(self.reason.value, Vocabulary):
            whole[self.maps[self.reason.unknown]] = self.reason.value
        for unknown in self.members:
            found = whole.get(self.maps[unknown]) if whole else None
            self.values[unknown] = found or self.value_at(unknown, root)

    def _winner(self, anchors: Iterable[Anchor]) -> Anchor:
        groups: dict[Fraction, list[Anchor]] = {}
        for anchor in anchors:
            groups.setdefault(self.root_of(anchor), []).append(anchor)
        best = max(groups.values(), key=lambda group: (max(a.strength for a in group), len(group)))
        return max(best, key=lambda anchor: anchor.strength)

    def _clashes(self, anchor: Anchor) -> bool:
        found = self.values[anchor.unknown]
        if isinstance(anchor.value, Vocabulary) and isinstance(found, Vocabulary):
            return anchor.value != found
        return size_of(anchor.value) != size_of(found)

    def _holds(self, link: Link) -> bool:
        left, right = self.values[link.left], self.values[link.right]
        return size_of(right) == link.scale * size_of(left) + link.offset


class Ways:
    """Shortest ways from one unknown to all that it is tied to."""

    def __init__(self, ties: Ties, start: Unknown) -> None:
        self._came: dict[Unknown, Link | None] = {start: None}
        waiting = [start]
        for parent in waiting:  # grows while it is walked
            for link in ties[parent]:
                child = link.right if link.left == parent else link.left
                if child not in self._came:
                    self._came[child] = link
                    waiting.append(child)

    def to(self, unknown: Unknown) -> tuple[str, ...]:
        """Return the ports on the way, from the start on."""
        chain: list[str] = []
        while (link := self._came[unknown]) is not None:
            forwards = link.right == unknown
            for port in link.via[::-1] if forwards else link.via:
                chain += [port] if port not in chain[-1:] else []
            unknown = link.left if forwards else link.right
        return tuple(reversed(chain))


def _step(link: Link, parent: Unknown, at_parent: Map) -> Map:
    scale, offset = at_parent
    if link.left == parent:
        return link.scale * scale, link.scale * offset + link.offset
    return scale / link.scale, (offset - link.offset) / link.scale
