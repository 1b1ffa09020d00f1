"""The skeleton of a page."""

import base64
import hashlib
import html

import pytest

from phonograph.training.pages.page import Section, page


def test_titles_are_text_and_empty_sections_are_left_out():
    text = page("<a>", "<p>lead</p>", [Section("one", ""), Section("<b>", "<p>body</p>")])
    assert "<title>&lt;a&gt;</title>" in text
    assert "<h2>&lt;b&gt;</h2>" in text
    assert "<h2>one</h2>" not in text
    assert text.count("<p>body</p>") == 1


def test_a_page_is_written_whole_and_forbids_everything_but_its_own_style_and_data():
    text = page("t", "<p>lead</p>", [Section("s", "<p>body</p>")], ".own{color:red}")
    style = text[text.index("<style>") + len("<style>") : text.index("</style>")]
    assert style.endswith(".own{color:red}")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert text.replace(style, "") == (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{digest}'; img-src data:; media-src data:; "
        "base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>t</title>\n<style></style>\n</head>\n"
        '<body class="pg">\n<header>\n<h1>t</h1>\n<p>lead</p>\n</header>\n<main>\n'
        "<section>\n<h2>s</h2>\n<p>body</p>\n</section>\n</main>\n</body>\n</html>\n"
    )


@pytest.mark.parametrize("title", ["<script>", "\"'</title>", "שלום", "a\u202eb", "x" * 5000])
def test_a_title_is_text_whatever_it_is(title):
    text = page(title, "", [Section(title, "<p>body</p>")])
    shown = html.escape(title.replace("\u202e", "\ufffd"))
    for tag in ("title", "h1", "h2"):
        assert f"<{tag}>{shown}</{tag}>" in text
