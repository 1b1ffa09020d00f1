"""Widths of texts, and texts as markup."""

import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.drawing.text_width import cut_to, text_width


@given(st.text())
def test_any_text_is_text_in_xml_and_nothing_else(text):
    element = ElementTree.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>')
    assert list(element) == []
    assert len(element.text or "") == len(text)


def test_what_turns_the_direction_of_a_line_is_replaced():
    assert escaped("a\u202eb\x00\ud800") == "a\ufffdb\ufffd\ufffd"


@given(st.text(min_size=1), st.floats(10, 200))
def test_a_cut_text_fits(text, width):
    assert text_width(cut_to(text, width, 10), 10) <= max(width, text_width("…", 10))


@given(st.text(), st.text())
def test_widths_add_up(one, other):
    both = text_width(one + other, 12)
    assert abs(both - text_width(one, 12) - text_width(other, 12)) < 1e-6
