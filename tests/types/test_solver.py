"""The solver: one value decides all that hang together, whichever end it is given at."""

from fractions import Fraction

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.types.equalities import Anchor, Link, Unknown, size_of
from phonograph.types.solver import solve
from phonograph.types.vocabulary import Vocabulary

scales = st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3)])


def unknown(number):
    return Unknown(f"n{number}", "width")


def anchor(number, value, strength=2):
    return Anchor(unknown(number), value, strength, f"n{number}.width")


def link(left, right, scale=1, offset=0):
    via = (f"n{left}.out", f"n{right}.in")
    return Link(unknown(left), unknown(right), Fraction(scale), Fraction(offset), via)


@st.composite
def trees(draw):
    """Links that form a tree, either way round."""
    size = draw(st.integers(2, 8))
    links = []
    for child in range(1, size):
        parent = draw(st.integers(0, child - 1))
        left, right = (parent, child) if draw(st.booleans()) else (child, parent)
        links.append(link(left, right, draw(scales), draw(st.integers(-2, 2))))
    return size, links


def holds(one, values):
    return size_of(values[one.right]) == one.scale * size_of(values[one.left]) + one.offset


@given(trees(), st.data())
def test_one_value_anywhere_decides_all_and_every_link_holds(tree, data):
    size, links = tree
    given_at = data.draw(st.integers(0, size - 1))
    solution = solve(map(unknown, range(size)), [anchor(given_at, Fraction(80))], links)
    assert set(solution.values) == set(map(unknown, range(size)))
    assert all(holds(one, solution.values) for one in links)
    assert solution.values[unknown(given_at)] == 80
    assert not solution.conflicts
    assert not solution.broken


@given(trees(), st.data())
def test_any_vertex_given_its_value_decides_the_same(tree, data):
    size, links = tree
    first = solve(map(unknown, range(size)), [anchor(0, Fraction(7))], links)
    other = data.draw(st.integers(0, size - 1))
    value = first.values[unknown(other)]
    again = solve(map(unknown, range(size)), [anchor(other, value)], links)
    assert again.values == first.values


@given(trees(), st.data())
def test_the_order_of_links_does_not_matter(tree, data):
    size, links = tree
    shuffled = data.draw(st.permutations(links))
    anchors = [anchor(0, Fraction(7)), anchor(size - 1, Fraction(9), strength=1)]
    unknowns = list(map(unknown, range(size)))
    first, second = solve(unknowns, anchors, links), solve(unknowns, anchors, shuffled)
    assert first == second


@given(trees(), st.integers(1, 4), st.integers(0, 99))
def test_without_the_blamed_anchor_there_is_no_conflict(tree, strength, value):
    size, links = tree
    unknowns = list(map(unknown, range(size)))
    anchors = [anchor(0, Fraction(7)), anchor(size - 1, Fraction(value), strength)]
    conflicts = solve(unknowns, anchors, links).conflicts
    for conflict in conflicts:
        rest = [one for one in anchors if one is not conflict.blamed]
        assert solve(unknowns, rest, links).conflicts == ()
        mended = Anchor(conflict.blamed.unknown, conflict.expected, strength, "mended")
        assert solve(unknowns, [*rest, mended], links).conflicts == ()


def test_the_weaker_anchor_is_blamed_and_the_chain_leads_to_it():
    links = [link(0, 1), link(2, 1), link(2, 3, offset=1)]
    anchors = [anchor(3, Fraction(5), strength=1), anchor(0, Fraction(80), strength=3)]
    (conflict,) = solve(map(unknown, range(4)), anchors, links).conflicts
    assert conflict.blamed is anchors[0]
    assert conflict.required is anchors[1]
    assert conflict.expected == 81
    assert conflict.chain == ("n0.out", "n1.in", "n2.out", "n3.in")


def test_between_equals_the_majority_wins():
    links = [link(0, 1), link(1, 2)]
    anchors = [anchor(0, Fraction(5)), anchor(1, Fraction(8)), anchor(2, Fraction(8))]
    (conflict,) = solve(map(unknown, range(3)), anchors, links).conflicts
    assert conflict.blamed is anchors[0]


def test_every_anchor_that_disagrees_is_a_conflict():
    links = [link(0, 1), link(1, 2)]
    anchors = [anchor(0, Fraction(5), 3), anchor(1, Fraction(8)), anchor(2, Fraction(9))]
    found = solve(map(unknown, range(3)), anchors, links).conflicts
    assert [conflict.blamed for conflict in found] == anchors[1:]


def test_a_default_counts_only_where_nothing_is_given():
    links = [link(0, 1), link(2, 3)]
    defaults = [anchor(number, Fraction(10 + number), 0) for number in range(4)]
    solution = solve(map(unknown, range(4)), [anchor(1, Fraction(5))], links, defaults)
    assert [solution.values[unknown(number)] for number in range(4)] == [5, 5, 12, 12]


def test_what_nothing_decides_has_no_value():
    assert solve([unknown(0), unknown(1)], [], [link(0, 1)]).values == {}


ABC = Vocabulary.of(3, {"type": "characters", "alphabet": "abc"})
ABD = Vocabulary.of(3, {"type": "characters", "alphabet": "abd"})


def test_a_vocabulary_travels_along_equalities_whole():
    solution = solve(map(unknown, range(2)), [anchor(0, ABC)], [link(0, 1)])
    assert solution.values[unknown(1)] == ABC


def test_arithmetic_uses_the_size_of_a_vocabulary():
    solution = solve(map(unknown, range(2)), [anchor(0, ABC)], [link(0, 1, offset=1)])
    assert solution.values[unknown(1)] == 4


def test_a_number_constrains_only_the_size():
    anchors = [anchor(0, ABC), anchor(1, Fraction(3), 1)]
    solution = solve(map(unknown, range(2)), anchors, [link(0, 1)])
    assert solution.conflicts == ()
    assert solution.values[unknown(1)] == ABC


def test_alphabets_of_equal_size_clash():
    anchors = [anchor(0, ABC, 3), anchor(1, ABD, 1)]
    (conflict,) = solve(map(unknown, range(2)), anchors, [link(0, 1)]).conflicts
    assert conflict.blamed is anchors[1]
    assert conflict.expected == ABC


@pytest.mark.parametrize("value", [Fraction(1), Fraction(80)])
def test_a_loop_that_cannot_hold_is_reported(value):
    links = [link(0, 1), link(1, 2), link(0, 2, scale=2)]
    solution = solve(map(unknown, range(3)), [anchor(0, value)], links)
    assert len(solution.broken) == 1
    assert not holds(solution.broken[0], solution.values)
    assert solution.conflicts == ()


def test_a_loop_that_holds_is_not_reported():
    links = [link(0, 1, scale=2), link(1, 2, offset=1), link(0, 2, scale=2, offset=1)]
    assert solve(map(unknown, range(3)), [anchor(2, Fraction(7))], links).broken == ()


def test_separate_parts_do_not_touch():
    links = [link(0, 1), link(2, 3)]
    anchors = [anchor(0, Fraction(1)), anchor(1, Fraction(2), 1), anchor(3, Fraction(9))]
    solution = solve(map(unknown, range(4)), anchors, links)
    assert len(solution.conflicts) == 1
    assert solution.values[unknown(2)] == 9


def test_the_chain_is_a_shortest_one():
    links = [link(0, 1), link(1, 2), link(2, 3), link(0, 3)]
    anchors = [anchor(0, Fraction(1), 3), anchor(3, Fraction(2))]
    (conflict,) = solve(map(unknown, range(4)), anchors, links).conflicts
    assert conflict.chain == ("n0.out", "n3.in")
    assert nx.shortest_path_length(nx.Graph([(0, 1), (1, 2), (2, 3), (0, 3)]), 0, 3) == 1
