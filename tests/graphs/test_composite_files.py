"""The file of a composite; the faults are in composites.yaml."""

from pathlib import Path

from phonograph.graphs.composite_files import file_faults, set_variables
from phonograph.graphs.document import parse_document

FILE = parse_document(
    "{phonograph: 1, vars: {a: {x: 1, y: p}, b: 2}, expose: {}, modules: {n: {}}}",
    "part.yaml",
    Path("part"),
)


def node(text):
    return parse_document(f"{{modules: {{e: {text}}}}}", "top.yaml", Path("top"))


def test_what_is_given_replaces_a_variable_with_its_places_and_folders():
    FILE.folders["vars", "a", "y"] = Path("elsewhere")
    inside, given, faults = set_variables(FILE, node("{with: {a: {z: q}}}"), "e")
    assert faults == []
    assert given == [("vars", "a")]
    assert inside.data["vars"] == {"a": {"z": "q"}, "b": 2}
    assert str(inside.place("vars", "a", "z")).startswith("top.yaml:1:")
    assert str(inside.place("vars", "b")).startswith("part.yaml:1:")
    assert inside.folder_of("vars", "a", "z") == inside.folder_of("vars", "a", "y") == Path("top")
    assert inside.folder_of("vars", "b") == Path("part")


def test_the_file_itself_stays_as_it_was():
    before = dict(FILE.marks)
    set_variables(FILE, node("{with: {a: 7}}"), "e")
    assert FILE.data["vars"] == {"a": {"x": 1, "y": "p"}, "b": 2}
    assert FILE.marks == before


def test_without_with_the_variables_stay():
    inside, given, faults = set_variables(FILE, node("{}"), "e")
    assert (inside.data, given, faults) == (FILE.data, [], [])


def test_every_unknown_variable_is_told():
    faults = set_variables(FILE, node("{with: {aa: 1, b: 2, c: 3}}"), "e")[2]
    assert [fault.message for fault in faults] == [
        "`e` (part.yaml) has no variable `aa`",
        "`e` (part.yaml) has no variable `c`",
    ]


def test_a_whole_part_has_no_faults():
    assert file_faults(FILE, "part.yaml") == []
