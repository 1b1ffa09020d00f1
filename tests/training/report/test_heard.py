"""What was heard, written and read back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.training.evaluate import ScoredUtterance
from phonograph.training.report.heard import read_heard, write_heard

# a text from a manifest is JSON, and so has no half of a surrogate pair
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
utterances = st.lists(st.builds(ScoredUtterance, texts, texts, texts), max_size=4)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "heard.jsonl"


@settings(deadline=None)
@given(written=utterances)
def test_any_text_comes_back(file, written):
    write_heard(file, written)
    assert read_heard(file) == tuple(written)


@pytest.mark.parametrize("line", ["no JSON", "[]", "3", '{"id": "a"}', '{"id": 1, "other": 2}'])
def test_a_file_of_something_else_holds_nothing(tmp_path, line):
    (tmp_path / "heard.jsonl").write_text(line + "\n", encoding="utf-8")
    assert read_heard(tmp_path / "heard.jsonl") == ()


def test_bytes_that_are_no_text_hold_nothing(tmp_path):
    (tmp_path / "heard.jsonl").write_bytes(b"\xff\xfe")
    assert read_heard(tmp_path / "heard.jsonl") == ()
