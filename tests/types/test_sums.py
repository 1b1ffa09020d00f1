"""Sums of unknowns: whichever one is left out follows from all others, and all must hold."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.types.equalities import Anchor, Link, Sum, Unknown, size_of
from phonograph.types.solver import solve
from phonograph.types.vocabulary import Vocabulary

TOTAL = Unknown("joined", "total")


def part(number):
    return Unknown("joined", f"part{number}")


def width(node):
    return Unknown(node, "width")


def anchor(unknown, value, strength=2):
    return Anchor(unknown, Fraction(value), strength, str(unknown))


def link(left, right, scale=1, offset=0):
    via = (f"{left.node}.out", f"{right.node}.{right.name}")
    return Link(left, right, Fraction(scale), Fraction(offset), via)


def total_of(count, *, scales=None, offset=0):
    parts = tuple((part(k), Fraction(scales[k] if scales else 1)) for k in range(count))
    return Sum(TOTAL, parts, Fraction(offset), "joined.out")


def holds(one, values):
    found = sum(scale * size_of(values[name]) for name, scale in one.parts)
    return values[one.total] == found + one.offset


@st.composite
def dense(draw):
    """Nodes that each take the sum of some nodes before, through links of any slope."""
    count = draw(st.integers(3, 7))
    links, sums = [], []
    for node in range(2, count):
        before = draw(st.lists(st.integers(0, node - 1), min_size=2, max_size=3, unique=True))
        parts = []
        for place, other in enumerate(before):
            own = Unknown(f"n{node}", f"part{place}")
            links.append(
                link(
                    width(f"n{other}"), own, draw(st.sampled_from([1, 2])), draw(st.integers(0, 2))
                )
            )
            parts.append((own, Fraction(draw(st.sampled_from([1, 3])))))
        sums.append(Sum(width(f"n{node}"), tuple(parts), Fraction(0), f"n{node}.out"))
    return links, sums


@given(dense(), st.data())
def test_the_first_two_decide_all_that_is_added_up_from_them(net, data):
    links, sums = net
    given_first = [anchor(width("n0"), 3), anchor(width("n1"), 5)]
    solution = solve(
        [], given_first, data.draw(st.permutations(links)), (), data.draw(st.permutations(sums))
    )
    assert solution.sum_conflicts == ()
    assert all(holds(one, solution.values) for one in sums)
    for one in links:
        assert solution.values[one.right] == one.scale * solution.values[one.left] + one.offset


@given(st.integers(2, 6), st.data())
def test_any_one_that_is_left_out_follows_from_the_others(count, data):
    scales = data.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    sizes = data.draw(st.lists(st.integers(1, 50), min_size=count, max_size=count))
    one = total_of(count, scales=scales, offset=data.draw(st.integers(0, 3)))
    true = {part(k): Fraction(sizes[k]) for k in range(count)}
    true[TOTAL] = sum(s * n for s, n in zip(scales, sizes, strict=True)) + one.offset
    left_out = data.draw(st.sampled_from(sorted(true)))
    given_values = [anchor(name, value) for name, value in true.items() if name != left_out]
    solution = solve([], given_values, [], (), [one])
    assert solution.values == true
    assert set(solution.given_for(left_out)) == set(given_values)


def test_with_two_left_out_nothing_follows():
    solution = solve([], [anchor(TOTAL, 9)], [], (), [total_of(2)])
    assert solution.values == {TOTAL: 9}
    assert solution.sum_conflicts == ()


def test_a_sum_comes_before_a_default_and_after_what_is_given():
    defaults = [anchor(part(1), 144, 0), anchor(TOTAL, 500, 0)]
    order = [part(0), part(1), TOTAL]
    solution = solve(order, [anchor(part(0), 80)], [], defaults, [total_of(2)])
    assert [solution.values[one] for one in (part(1), TOTAL)] == [144, 224]
    solution = solve([], [anchor(part(0), 80), anchor(TOTAL, 100)], [], defaults, [total_of(2)])
    assert solution.values[part(1)] == 20


def test_no_default_decides_by_a_sum_what_is_left_open():
    defaults = [anchor(part(1), 144, 0)]
    solution = solve([], [anchor(part(0), 80)], [], defaults, [total_of(2)], [TOTAL])
    assert TOTAL not in solution.values
    both = [anchor(part(0), 80), anchor(part(1), 144)]
    assert solve([], both, [], (), [total_of(2)], [TOTAL]).values[TOTAL] == 224


@pytest.mark.parametrize("weak", [TOTAL, part(0), part(1)])
def test_the_weakest_is_blamed_and_told_what_would_fit(weak):
    sizes = {TOTAL: 300, part(0): 80, part(1): 144}
    anchors = [anchor(name, size, 1 if name == weak else 2) for name, size in sizes.items()]
    (conflict,) = solve([], anchors, [], (), [total_of(2)]).sum_conflicts
    assert conflict.blamed == anchor(weak, sizes[weak], 1)
    assert conflict.expected == {TOTAL: 224, part(0): 156, part(1): 220}[weak]
    mended = [a for a in anchors if a.unknown != weak] + [anchor(weak, conflict.expected)]
    assert solve([], mended, [], (), [total_of(2)]).sum_conflicts == ()


def test_a_conflict_tells_the_way_to_each_part():
    a, b = width("a"), width("b")
    links = [link(a, part(0)), link(b, part(1)), link(TOTAL, width("head"))]
    anchors = [anchor(a, 80), anchor(b, 144), anchor(width("head"), 300, 1)]
    (conflict,) = solve([], anchors, links, (), [total_of(2)]).sum_conflicts
    assert [share.chain for share in conflict.parts] == [
        ("a.out", "joined.part0"),
        ("b.out", "joined.part1"),
    ]
    assert conflict.total is not None
    assert conflict.total.chain == ("head.width", "joined.out")


def test_what_follows_from_a_conflict_is_not_told_again():
    links = [link(TOTAL, Unknown("next", "part0"))]
    more = Sum(
        Unknown("next", "total"),
        ((Unknown("next", "part0"), Fraction(1)), (part(0), Fraction(1))),
        Fraction(0),
        "next.out",
    )
    anchors = [
        anchor(part(0), 1),
        anchor(part(1), 2),
        anchor(TOTAL, 4, 1),
        anchor(more.total, 4, 1),
    ]
    solution = solve([], anchors, links, (), [total_of(2), more])
    assert [conflict.sum for conflict in solution.sum_conflicts] == [total_of(2)]


def test_independent_conflicts_are_all_told():
    other = Sum(
        width("x"), ((width("y"), Fraction(1)), (part(0), Fraction(1))), Fraction(0), "x.out"
    )
    anchors = [anchor(part(0), 1), anchor(part(1), 2), anchor(TOTAL, 4, 1)]
    anchors += [anchor(width("y"), 2), anchor(width("x"), 9, 1)]
    solution = solve([], anchors, [], (), [total_of(2), other])
    assert [one.blamed.unknown for one in solution.sum_conflicts] == [TOTAL, width("x")]


def test_a_sum_that_sums_decide_both_ways_blames_what_was_given():
    again = Sum(
        TOTAL, ((part(2), Fraction(1)), (part(3), Fraction(1))), Fraction(0), "joined.again"
    )
    anchors = [anchor(part(k), 2 + k) for k in range(4)]
    (conflict,) = solve([], anchors, [], (), [total_of(2), again]).sum_conflicts
    assert conflict.sum == again
    assert conflict.blamed in anchors


def test_a_sum_that_no_sizes_make_true_is_told():
    links = [link(part(0), TOTAL), link(part(0), part(1))]
    one = Sum(TOTAL, ((part(0), Fraction(2)), (part(1), Fraction(-1))), Fraction(7), "joined.out")
    (conflict,) = solve([], [], links, (), [one]).sum_conflicts
    assert conflict.total is None
    assert conflict.expected is None


def test_a_vocabulary_counts_with_its_size():
    vocab = Anchor(part(0), Vocabulary.of(3, {"type": "characters", "alphabet": "abc"}), 3, "data")
    solution = solve([], [vocab, anchor(part(1), 4)], [], (), [total_of(2)])
    assert solution.values[TOTAL] == 7


def test_a_long_chain_of_sums_is_solved_without_recursion():
    sums, links = [], []
    for number in range(3000):
        total, before, new = (Unknown(f"n{number}", name) for name in ("total", "before", "new"))
        sums.append(
            Sum(total, ((before, Fraction(1)), (new, Fraction(1))), Fraction(0), f"n{number}.out")
        )
        links.append(link(total, Unknown(f"n{number + 1}", "before")))
    anchors = [anchor(Unknown(f"n{number}", "new"), 1) for number in range(3000)]
    anchors.append(anchor(Unknown("n0", "before"), 1))
    solution = solve([], anchors, links, (), sums[::-1])
    assert solution.values[Unknown("n2999", "total")] == 3001
    assert len(solution.given_for(Unknown("n2999", "total"))) == 3001
