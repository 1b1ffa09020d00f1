"""Errors as HTML."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.confusions import Confusions
from phonograph.collections.asr.word_errors import Edit
from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.report.errors_html import (
    SHADES,
    aligned_html,
    characters_html,
    confusions_html,
)


def test_what_was_said_stands_above_what_was_heard():
    assert aligned_html("a b c", "a d c e") == (
        '<p class="aligned" dir="auto">'
        '<span class="equal"><i>a</i><b>a</b></span>'
        '<span class="substitute"><i>b</i><b>d</b></span>'
        '<span class="equal"><i>c</i><b>c</b></span>'
        '<span class="insert"><i>·</i><b>e</b></span>'
        "</p>"
    )
    assert '<span class="delete"><i>a</i><b>·</b></span>' in aligned_html("a", "")
    assert aligned_html("", "") == '<p class="aligned" dir="auto"></p>'


def test_the_commonest_edits_are_tables_and_empty_ones_are_left_out():
    found = Confusions(
        substitutions=((Edit("substitute", "<b>", "&"), 1200),),
        deletions=((Edit("delete", "שלום", ""), 1),),
        insertions=(),
    )
    head = '<th class="number">times</th></tr></thead><tbody><tr><td class="mono wrap">'
    assert confusions_html(found) == (
        f'<div class="columns"><div><table><thead><tr><th>Substitutions</th>{head}'
        "<bdi>&lt;b&gt;</bdi> → <bdi>&amp;</bdi></td>"
        '<td class="number">1,200</td></tr></tbody></table></div>'
        f"<div><table><thead><tr><th>Deletions</th>{head}<bdi>שלום</bdi></td>"
        '<td class="number">1</td></tr></tbody></table></div></div>'
    )


def test_characters_are_a_matrix_with_a_line_for_those_that_one_side_does_not_have():
    text = characters_html([ScoredUtterance("1", "a<", "b<c")])
    assert text == (
        '<p class="note">Rows were said, columns heard; the last row and column are of '
        'characters that one side does not have.</p><div class="wide"><table class="matrix">'
        "<tr><th></th><th>&lt;</th><th>a</th><th>b</th><th>c</th><th>∅</th></tr>"
        '<tr><th>&lt;</th><td class="right" title="&lt; heard as &lt;: 1">·</td>'
        "<td></td><td></td><td></td><td></td></tr>"
        '<tr><th>a</th><td></td><td></td><td class="shade3" title="a heard as b: 1">1</td>'
        "<td></td><td></td></tr>"
        "<tr><th>b</th><td></td><td></td><td></td><td></td><td></td></tr>"
        "<tr><th>c</th><td></td><td></td><td></td><td></td><td></td></tr>"
        '<tr><th>∅</th><td></td><td></td><td></td><td class="shade3" title="∅ heard as c: 1">1'
        "</td><td></td></tr></table></div>"
    )


def test_without_errors_there_is_no_table():
    assert confusions_html(Confusions((), (), ())) == ""
    assert characters_html([]) == characters_html([ScoredUtterance("1", "a b", "a b")]) == ""


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
def test_a_matrix_has_36_characters_at_most_and_all_shades_have_a_rule(texts):
    text = characters_html([ScoredUtterance("", *pair) for pair in texts])
    assert text.count("<tr>") <= 38
    assert all(f".{shade}{{" in SHADES for shade in re.findall(r'class="(shade\d+)"', text))
