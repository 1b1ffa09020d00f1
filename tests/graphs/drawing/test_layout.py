from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.graphs.describe import describe
from phonograph.graphs.drawing.layout import ROOM, lay_out


def overlap(one, other) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def test_no_two_boxes_overlap_whatever_the_graph(describe_at_random):
    @given(st.integers(0, 10**6))
    @settings(max_examples=60, deadline=None)
    def check(seed: int) -> None:
        picture = lay_out(describe_at_random(seed))
        extents = [placed.extent for placed in picture.boxes.values()]
        assert not any(overlap(one, other) for one, other in combinations(extents, 2))
        assert all(x >= 0 and right <= picture.width for x, _, right, _ in extents)
        assert all(y >= 0 and bottom <= picture.height for _, y, _, bottom in extents)

    check()


def test_no_two_labels_overlap_whatever_the_graph(describe_at_random):
    @given(st.integers(0, 10**6))
    @settings(max_examples=40, deadline=None)
    def check(seed: int) -> None:
        picture = lay_out(describe_at_random(seed))
        rectangles = [
            (x, y, x + label.width, y + label.height)
            for placed in picture.boxes.values()
            for label, x, y in placed.labels()
        ]
        assert not any(overlap(one, other) for one, other in combinations(rectangles, 2))

    check()


def test_every_wire_goes_down_and_none_is_missing(describe_at_random):
    @given(st.integers(0, 10**6))
    @settings(max_examples=60, deadline=None)
    def check(seed: int) -> None:
        description = describe_at_random(seed)
        picture = lay_out(description)
        for piece in picture.wires:
            assert piece.start[1] <= piece.end[1]
        drawn = {(p.source, target) for p in picture.wires if p.last for target in p.targets}
        wires = [wire for wire in description.wires if not wire.automatic]
        assert drawn >= {(str(wire.source), str(wire.target)) for wire in wires}
        for wire in description.wires:  # those that are not drawn as well
            source, target = picture.boxes[wire.source.node], picture.boxes[wire.target.node]
            assert source.extent[3] < target.y

    check()


def test_wires_that_pass_a_row_pass_between_its_boxes(describe_at_random):
    @given(st.integers(0, 10**6))
    @settings(max_examples=40, deadline=None)
    def check(seed: int) -> None:
        picture = lay_out(describe_at_random(seed))
        for piece in picture.wires:
            (x, top), (end, bottom) = piece.start, piece.end
            for name, placed in picture.boxes.items():
                if x == end and name != piece.source.partition(".")[0] and not piece.last:
                    assert not overlap((x, top, x + 0.1, bottom), placed.extent)

    check()


def test_wires_begin_at_their_label_and_end_at_their_box(described):
    picture = lay_out(described)
    starts = {
        f"{name}.{label.port.name}": (x + label.width / 2, y + label.height)
        for name, placed in picture.boxes.items()
        for label, x, y in placed.labels()
    }
    assert {p.source for p in picture.wires} <= starts.keys()
    ends = [p for p in picture.wires if p.last]
    for piece in ends:
        for target in piece.targets:
            box = picture.boxes[target.partition(".")[0]]
            x, y = piece.end
            assert box.x < x < box.x + box.box.width
            assert y == pytest.approx(box.y)
    for source, start in starts.items():
        first = [p.start for p in picture.wires if p.source == source]
        assert not first or any(point == pytest.approx(start) for point in first)


def test_what_is_computed_once_lies_in_its_region_and_nothing_else_does(sixty):
    description = describe(sixty, "train")
    picture = lay_out(description)
    for name, placed in picture.boxes.items():
        inside = [region for region in picture.once if overlap(region, placed.extent)]
        assert len(inside) == (name in description.prefix)


def test_sixty_modules_keep_a_form_that_fits_a_page(described):
    picture = lay_out(described)
    assert len(picture.boxes) == 60
    assert picture.width < 2 * ROOM
    assert 0.5 < picture.width / picture.height < 2


def test_a_chain_is_a_straight_line(sixty):
    picture = lay_out(describe(sixty))
    middles = [picture.boxes[name].middle for name in ("mel", "augment_mel", "base_mel")]
    assert middles[0] == pytest.approx(middles[1]) == pytest.approx(middles[2])
