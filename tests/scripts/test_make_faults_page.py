import re

from phonograph.cli.code_pages import code_pages


def test_the_committed_page_is_what_the_script_makes(load_script):
    script = load_script("make_faults_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page()


def test_every_code_that_the_tests_provoke_is_on_the_page(load_script):
    script = load_script("make_faults_page")
    told = {fault.code for fault in [*script.graph_faults(), *script.other_faults()]}
    on_page = set(re.findall(r"\| (P[A-Z]\d{3}) \|", script.page()))
    assert told == on_page <= set(code_pages())


def test_every_row_has_the_cells_of_its_table(load_script):
    columns = 0
    for line in load_script("make_faults_page").page().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            columns = 0
        elif not columns:
            columns = cells
        assert cells == columns or not columns


def test_what_nemo_lets_pass_comes_first(load_script):
    script = load_script("make_faults_page")
    first = script.page().split("\n## ")[1]
    rows = re.findall(r"^\| (.*?) \|.*\| (.*?) \|$", first, re.MULTILINE)
    names = {name for name, _ in rows[1:]}
    assert names == {fault.name for fault in script.graph_faults() if fault.nemo}
    assert len(names) == 8


def test_a_message_is_taken_apart(load_script):
    fault = load_script("make_faults_page").fault_of(
        "a size",
        "error[PG031]: sizes disagree\n  --> a.yaml:12:5\n   |\n"
        " 12 |     a|`64`  # x\n    |       ^^^^ 64 here\n    = 80 is required\n",
    )
    assert (fault.code, fault.message, fault.underlined) == (
        "PG031",
        "sizes disagree",
        "`64`",
    )
    assert fault.row() == "| a size | sizes disagree<br>`` `64` `` 64 here | PG031 |"
