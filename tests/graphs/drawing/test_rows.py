"""Rows, their order and their columns, on graphs given as letters."""

import random
from itertools import pairwise

import pytest

from phonograph.graphs.drawing.columns import place_columns
from phonograph.graphs.drawing.crossings import crossings, ordered
from phonograph.graphs.drawing.layers import arrange
from phonograph.graphs.drawing.relax import relax
from phonograph.graphs.drawing.spread import spread
from phonograph.graphs.drawing.vertices import Bend, Vertex, Wire


def wires(text: str) -> list[Wire]:
    """Read `ab bc`: a feeds b, b feeds c."""
    return [Wire(pair[0], "x", pair[1]) for pair in text.split()]


def test_a_long_wire_bends_in_every_row_it_passes():
    rows = arrange(dict.fromkeys("abc", 1.0), wires("ab bc ac"))
    assert rows.paths[Wire("a", "x", "c")] == ("a", Bend("a.x", 1), "c")


def test_wires_with_the_same_start_share_their_bends():
    rows = arrange(dict.fromkeys("abcde", 1.0), wires("ab bc cd ad ae be ce"))
    bends = [vertex for row in rows.rows for vertex in row if isinstance(vertex, Bend)]
    assert len(bends) == len(set(bends))
    assert bends.count(Bend("a.x", 1)) == 1


def test_a_vertex_with_one_input_stands_near_what_it_feeds():
    level = spread(dict.fromkeys("abcdp", 1.0), wires("ab bc cd ap pd"), (), room=99)
    assert level["p"] == level["d"] - 1


def test_hidden_wires_go_down_as_well():
    level = spread(dict.fromkeys("ab", 1.0), [], wires("ab"), room=99)
    assert level == {"a": 0, "b": 1}


def test_rows_have_no_more_room_than_given():
    names = dict.fromkeys("abcdefgh", 3.0)
    level = spread(names, wires("ab ac ad ae af ag ah"), (), room=7)
    rows = [list(level.values()).count(row) for row in range(5)]
    assert rows == [1, 2, 2, 2, 1]


def test_a_vertex_wider_than_the_room_has_a_row_of_its_own():
    assert spread({"a": 9.0, "b": 9.0}, [], (), room=5) == {"a": 0, "b": 1}


def test_crossings_are_counted_as_by_comparing_every_pair():
    chance = random.Random(3)
    for _ in range(20):
        rows = [[f"a{n}" for n in range(6)], [f"b{n}" for n in range(6)]]
        segments = [(chance.choice(rows[0]), chance.choice(rows[1])) for _ in range(12)]
        places = [(rows[0].index(a), rows[1].index(b)) for a, b in segments]
        pairs = [(p, q) for n, p in enumerate(places) for q in places[:n]]
        expected = sum((p[0] - q[0]) * (p[1] - q[1]) < 0 for p, q in pairs)
        assert crossings(rows, segments) == expected


def test_crossings_that_need_not_be_are_removed():
    rows: list[list[Vertex]] = [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]
    segments = [*zip("abc", "fed", strict=True), *zip("def", "hgi", strict=True)]
    assert crossings(rows, segments) > 0
    assert crossings(ordered(rows, segments), segments) == 0


@pytest.mark.parametrize("seed", range(12))
def test_columns_keep_the_order_and_the_gaps(seed):
    chance = random.Random(seed)
    names = [f"n{n}" for n in range(chance.randint(2, 30))]
    widths = {name: chance.uniform(1, 9) for name in names}
    some = [
        Wire(chance.choice(names[:at]), "x", names[at])
        for at in range(1, len(names))
        for _ in range(chance.randint(0, 2))
    ]
    rows = arrange(widths, list(dict.fromkeys(some)), room=30)

    def gap(left, right) -> float:
        return 1 + (widths.get(left, 0.0) + widths.get(right, 0.0)) / 2

    start = place_columns(rows, gap)
    for places in (start, relax(rows, start, gap)):
        assert min(places.values()) == pytest.approx(0)
        for row in rows.rows:
            for left, right in pairwise(row):
                assert places[right] - places[left] >= gap(left, right) - 1e-6


def test_relaxing_makes_wires_no_longer():
    rows = arrange(dict.fromkeys("abcdefg", 4.0), wires("ab ac bd be cf cg dg"))

    def total(places) -> float:
        return sum((places[a] - places[b]) ** 2 for a, b in rows.segments)

    start = place_columns(rows, lambda *_: 5.0)
    assert total(relax(rows, start, lambda *_: 5.0)) <= total(start) + 1e-6


def test_nothing_at_all_is_laid_out_as_nothing():
    rows = arrange({}, [])
    assert relax(rows, place_columns(rows, lambda *_: 1.0), lambda *_: 1.0) == {}
