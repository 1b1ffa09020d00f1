import json

from phonograph.cli.schema import whole_schema


def test_the_schema_is_printed(run):
    assert json.loads(run("schema").stdout) == whole_schema()


def test_the_schema_is_written_and_the_line_for_the_editor_is_told(run, here):
    done = run("schema", "--output", "graph.schema.json")
    assert done.exit_code == 0
    assert done.stdout == (
        "wrote graph.schema.json; the first line of a graph beside it:\n"
        "# yaml-language-server: $schema=graph.schema.json\n"
    )
    assert json.loads((here / "graph.schema.json").read_text()) == whole_schema()
    assert [path.name for path in here.iterdir()] == ["graph.schema.json"]


def test_a_folder_that_is_not_there_is_at_fault(run):
    done = run("schema", "--output", "no/graph.schema.json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "error[PC001]: `no`: No such file or directory\n"
