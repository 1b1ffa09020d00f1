import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.errors import Diagnostic, Edit, GraphError, Place, nearest

HOSTILE = "a\x1b]0;pwned\x07b"
ESCAPED = r"a\x1b]0;pwned\x07b"


def test_no_part_of_a_fault_reaches_the_terminal_raw():
    place = Place(HOSTILE, 2, 2, 3, HOSTILE)
    fault = Diagnostic("PG010", HOSTILE, place, HOSTILE, (HOSTILE,), HOSTILE)
    assert str(GraphError(fault)) == (
        f"error[PG010]: {ESCAPED}\n"
        f"  --> {ESCAPED}:2:2\n"
        "   |\n"
        f" 2 | {ESCAPED}\n"
        f"   |  ^^^^^^ {ESCAPED}\n"
        f"   = {ESCAPED}\n"
        f"   = help: {ESCAPED}"
    )


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "L"]), max_size=20))
def test_a_message_is_one_line_without_controls(text):
    shown = str(Diagnostic("PG010", text))
    assert "".join(c for c in shown if c not in "\t\u200c\u200d").isprintable()


@pytest.mark.parametrize("text", ["größer 「音声」", "نمی\u200cشود", "👩\u200d💻", "a\u00a0b"])
def test_ordinary_text_of_any_script_stays(text):
    assert str(Diagnostic("PG010", text)) == f"error[PG010]: {text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", r"a\nb"), ("\x9b2J", r"\x9b2J"), ("\u202etxt", r"\u202etxt"), ("\udcff", r"\udcff")],
)
def test_what_cannot_be_seen_is_escaped(text, shown):
    assert str(Diagnostic("PG010", text)) == f"error[PG010]: {shown}"


def test_the_underline_stands_below_its_text_after_escapes():
    source = "\x1b mel: {}"
    fault = Diagnostic("PG010", "no", Place("a.yaml", 1, source.index("mel") + 1, 3, source))
    _, _, _, line, underline = str(fault).splitlines()
    assert line[underline.index("^") :].startswith("mel")
    assert underline.count("^") == 3


def test_json_keeps_the_characters():
    assert json.loads(json.dumps(Diagnostic("PG010", HOSTILE).to_json()))["message"] == HOSTILE


def test_further_lines_of_causes_and_help_stand_below_the_first():
    place = Place("a.yaml", 12, 3, 4, "  mel: x")
    causes = ("one\ntwo", "three")
    fault = Diagnostic("PG032", "no", place, causes=causes, help="add:\na:\n  b: \x1b1")
    assert str(fault) == (
        "error[PG032]: no\n"
        "   --> a.yaml:12:3\n"
        "    |\n"
        " 12 |   mel: x\n"
        "    |   ^^^^\n"
        "    = one\n"
        "      two\n"
        "    = three\n"
        "    = help: add:\n"
        "            a:\n"
        r"              b: \x1b1"
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_line_of_a_cause_or_help_looks_like_another_fault(cause, help):
    lines = str(Diagnostic("PG010", "no", causes=(cause,), help=help)).split("\n")
    assert all(line.startswith("   ") for line in lines[1:])


def test_a_fix_is_in_json_and_not_printed():
    place = Place("a.yaml", 2, 3, 5, "  n_mel: 3")
    fault = Diagnostic("PG011", "no", place, fix=Edit(place, "n_mels"))
    assert "n_mels" not in str(fault)
    assert fault.to_json()["fix"] == {
        "action": "replace",
        "file": "a.yaml",
        "line": 2,
        "column": 3,
        "width": 5,
        "text": "n_mels",
    }


def test_of_a_very_long_line_only_what_stands_around_the_place_is_shown():
    source = "[" + ", ".join(f"name{number}" for number in range(500)) + "]"
    column = source.index("name250") + 1
    shown = str(
        Diagnostic("PG051", "no such weight", Place("a.yaml", 3, column, 7, source), "here")
    )
    line, marks = shown.splitlines()[3:5]
    assert len(line) < 220
    assert line.startswith(" 3 | …")
    assert line.endswith("…")
    assert line[marks.index("^") : marks.rindex("^") + 1] == "name250"
    assert marks.endswith("^^^^^^^ here")


@pytest.mark.parametrize("column", [1, 2, 100, 199, 200, 201, 399, 400])
def test_the_mark_stands_under_its_place_wherever_that_is_in_a_long_line(column):
    source = "".join(chr(ord("a") + number % 26) for number in range(400))
    shown = str(Diagnostic("PG051", "m", Place("a.yaml", 3, column, 1, source)))
    line, marks = shown.splitlines()[3:5]
    assert line[marks.index("^")] == source[column - 1]


def test_of_very_many_names_the_nearest_is_found_as_of_few():
    known = [f"layer{number}" for number in range(2000)] + ["encoder"]
    assert nearest("encodr", known) == "did you mean `encoder`?"
    assert nearest("zzz", known) == ""


def test_three_names_are_listed_and_one_that_begins_alike_comes_first():
    said = nearest("adam2", ["radam", "nadam", "adam", "adamw"])
    assert said == "did you mean `adam`, `adamw` or `radam`?"
