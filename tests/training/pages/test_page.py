"""The skeleton of a page."""

from phonograph.training.pages.page import Section, page


def test_titles_are_text_and_empty_sections_are_left_out():
    text = page("<a>", "<p>lead</p>", [Section("one", ""), Section("<b>", "<p>body</p>")])
    assert "<title>&lt;a&gt;</title>" in text
    assert "<h2>&lt;b&gt;</h2>" in text
    assert "<h2>one</h2>" not in text
    assert text.count("<p>body</p>") == 1
