"""Transcripts against the tokenizer."""

from phonograph.data.characters import CharacterTokenizer
from phonograph.training.preflight.texts import TextCheck


def test_unknown_characters_are_counted_with_their_first_lines(look, record):
    lines = [record(text="5 ü"), record(text="ok"), record(text="üü")]
    found = look(train=lines)
    unknown = found.unknown["ü"]
    assert (unknown.count, unknown.lines) == (3, 2)
    assert [place.rpartition(":")[2] for place in unknown.places] == ["1", "3"]
    assert (found.unknown["5"].count, set(found.unknown)) == (1, {"5", "ü"})
    assert found.characters["ü"] == 3
    assert (found.errors, found.warnings) == (2, 0)


def test_a_text_of_marks_alone_is_empty(look, record, codes):
    found = look(train=[record(text="..."), record(text="")])
    assert codes(found) == [("PD031", 1), ("PD031", 2)]
    messages = [one.fault.message for one in found.groups[0].findings]
    assert messages[0].endswith("has no text, `...` as it is written")
    assert messages[1].endswith("has no text")


def test_which_characters_are_unknown_is_asked_of_the_tokenizer():
    check = TextCheck(CharacterTokenizer("ab "))
    assert list(check.unknown_in("ac")) == [("a", False), ("c", False)]
