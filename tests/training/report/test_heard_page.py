"""What a recogniser heard, as a page."""

from html.parser import HTMLParser

import pytest

from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.report.heard_page import heard_page, heard_sections, speakers_in

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "quotes": "\"'>&amp;</p></section></main></style>",
    "right to left": "שלום עולם مرحبا",
    "turned": "a \u202eevil\u202c b",
    "long word": "y" * 5000,
    "many words": "word " * 1000,
    "no XML": "a\x00b\x1b",
}
VOID = {"meta", "br", "image", "path", "rect"}


class Reader(HTMLParser):
    """Reads a page, and refuses tags that do not match."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def model(untrained):
    return untrained("ctc")


def two(first="", second=""):
    return [
        ScoredUtterance("validation0", "abd", first),
        ScoredUtterance("validation1", "ca b", second),
    ]


def test_a_page_has_errors_confusions_and_alignments(model, folder):
    page = heard_page(model, folder / "validation.jsonl", two("abd", "a b"))
    read = Reader(page)
    assert read.open == []
    assert "2 utterances of validation.jsonl: 33.33 % of words wrong (0.00 to 50.00 %)" in page
    titles = ("Utterances with most errors", "Words", "Characters", "Alignment")
    assert [title for title in read.texts if title in titles] == list(titles)
    assert read.tags.count("h2") == 4
    assert read.tags.count("audio") == 1
    assert "<span>1 error in 2 words</span>" in page
    assert read.tags.count("svg") == 2


def test_the_worst_and_the_median_are_aligned(model, folder):
    *_, alignment = heard_sections(model, folder / "train.jsonl", _ranked(8))
    names = [text for text in Reader(alignment.body).texts if text.startswith("train")]
    assert names == ["train0", "train4"]


def _ranked(count):
    """Utterances of the training data, those with most errors first."""
    return [
        ScoredUtterance(f"train{n}", "a " * count, "b " * (count - n) + "a " * n)
        for n in range(count)
    ]


def test_without_a_model_or_a_manifest_nothing_is_aligned(model, folder):
    assert heard_sections(None, folder / "validation.jsonl", two())[-1].body == ""
    assert heard_sections(model, None, two())[-1].body == ""
    assert heard_sections(model, folder / "gone.jsonl", two())[-1].body == ""
    assert "<audio" not in heard_sections(model, None, two())[0].body


def test_recordings_that_are_gone_are_left_out(model, folder):
    (folder / "validation0.wav").unlink()
    errors, *_, alignment = heard_sections(model, folder / "validation.jsonl", two())
    assert errors.body.count("<audio") == 1
    assert alignment.body.count("<svg") == 1


def test_without_errors_only_alignments_are_left(model, folder):
    sections = heard_sections(model, folder / "validation.jsonl", two("abd", "ca b"))
    assert [bool(section.body) for section in sections] == [False, False, False, True]


def test_of_no_utterances_there_is_a_page(model, folder):
    page = heard_page(model, folder / "validation.jsonl", [], "a title")
    assert "<h1>a title</h1>" in page
    assert "0 utterances of validation.jsonl</p>" in page
    assert Reader(page).open == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_shown_and_mean_nothing(model, folder, text):
    utterances = [ScoredUtterance(text, text, f"{text} more"), ScoredUtterance("2", "a", text)]
    page = heard_page(model, folder / "validation.jsonl", utterances, text)
    read = Reader(page)
    assert read.open == []
    assert set(read.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "main"),
        *("section", "div", "code", "span", "i", "b", "bdi"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert read.tags.count("section") == 3
    shown = "".join(
        " \ufffd"[c in "\u202e\u202c\x00\x1b"] if not c.isprintable() else c for c in text
    )
    assert read.texts.count(shown) >= 2
    assert not {"\u202e", "\u202c", "\x00", "\x1b"} & set(page)


def test_speakers_are_those_of_the_manifest_and_none_where_it_is_gone(folder):
    manifest = folder / "validation.jsonl"
    lines = manifest.read_text(encoding="utf-8").splitlines()
    told = (line.replace("{", '{"speaker": "x", ', 1) for line in lines)
    manifest.write_text("\n".join(told), encoding="utf-8")
    assert speakers_in(manifest) == {"validation0": "x", "validation1": "x"}
    assert speakers_in(folder / "gone.jsonl") == speakers_in(None) == {}
