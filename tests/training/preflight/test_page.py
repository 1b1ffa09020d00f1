"""The page: whole, safe, with players for what can be heard."""

import re
from html.parser import HTMLParser

from phonograph.training.preflight.page import to_html

EMPTY = ("meta", "br", "path")


class Balance(HTMLParser):
    """Keeps the elements that are still open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag


def test_the_page_has_the_faults_the_transcript_and_a_player(look, record, tone):
    page = to_html(look(train=[record(text="it is 5 €", id="price"), record()]))
    checker = Balance()
    checker.feed(page)
    assert checker.open == []
    assert "it is <mark>5</mark> <mark>€</mark>" in page
    assert page.count("<audio ") == 1
    assert 'src="data:audio/' in page
    assert '<span class="pill error">1 error</span>' in page
    assert '<li class="unknown" title="U+20AC"><b>€</b><span>1</span></li>' in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []


def test_nothing_in_a_file_becomes_markup(look, record):
    script = "<script>alert(1)</script>"
    page = to_html(look(train=[record(text=script, id=script, speaker=script), "<b>no</b>"]))
    assert "<script" not in page
    assert "<b>no" not in page


def test_good_data_has_a_page_that_says_so(look, record):
    page = to_html(look(train=[record(), record()]))
    assert '<span class="pill good">nothing is wrong</span>' in page


def test_a_page_without_any_utterance_is_still_a_page(look):
    page = to_html(look(train=[]))
    assert "<svg" not in page
    assert "PD002" in page


def test_players_are_bounded(look, record, tone):
    lines = [record(tone(hertz=300 + k), "ü") for k in range(12)]
    page = to_html(look(train=lines))
    assert page.count("<audio ") == 8
    assert "<summary>4 more</summary>" in page
