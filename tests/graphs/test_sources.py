"""Which files a graph may name."""

from pathlib import Path

import pytest

from phonograph.collections.recipes import locate
from phonograph.errors import GraphError, Place
from phonograph.graphs.sources import Sources

PLACE = Place("top.yaml", 2, 3)


@pytest.fixture
def sources(tmp_path, monkeypatch):
    root = tmp_path / "root"
    for name in ("top.yaml", "sub/a.yaml", "sub/b.yml", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("phonograph: 1\n")
    (tmp_path / "outside.yaml").write_text("phonograph: 1\n")
    monkeypatch.chdir(root)
    return Sources.around(Path("top.yaml"), locate)


def refusal(sources, text, folder=None):
    with pytest.raises(GraphError) as caught:
        sources.find(text, folder or sources.root, PLACE)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.place) == ("PG018", PLACE)
    return fault


def test_a_file_below_the_root_is_found_however_it_is_spelt(sources):
    file = sources.root / "sub" / "a.yaml"
    for text in ("sub/a.yaml", "./sub/a.yaml", "sub/../sub/a.yaml", str(file)):
        assert sources.find(text, sources.root, PLACE) == (file, str(Path("sub", "a.yaml")))
    assert sources.find("../sub/b.yml", file.parent, PLACE)[0] == file.with_name("b.yml")


def test_a_recipe_is_found(sources):
    path, name = sources.find("phonograph://asr/prompts", sources.root, PLACE)
    assert path.name == "prompts.yaml"
    assert name == "phonograph://asr/prompts"


@pytest.mark.parametrize(
    "text",
    ["../outside.yaml", "sub/../../outside.yaml", "/etc/x.yaml", "way/outside.yaml", "link.yaml"],
)
def test_nothing_outside_of_the_root_is_read(sources, text):
    (sources.root / "way").symlink_to(sources.root.parent)
    (sources.root / "link.yaml").symlink_to(sources.root.parent / "outside.yaml")
    fault = refusal(sources, text)
    assert fault.message == f"`{text}` lies outside of what may be read"
    assert fault.causes == (f"files are read only below {sources.root}",)
    assert fault.help == "run phonograph in the folder that holds both files"


def test_a_link_that_stays_below_the_root_is_followed(sources):
    (sources.root / "link.yaml").symlink_to(sources.root / "sub" / "a.yaml")
    assert sources.find("link.yaml", sources.root, PLACE)[0] == sources.root / "sub" / "a.yaml"


@pytest.mark.parametrize(
    ("text", "message", "cause"),
    [
        ("none.yaml", "there is no file `none.yaml`", "looked for {root}/none.yaml"),
        ("sub.yaml", "there is no file `sub.yaml`", "looked for {root}/sub.yaml"),
        ("a\0b.yaml", "this file cannot be looked up", "embedded null byte"),
        ("a" * 300 + ".yaml", "this file cannot be looked up", "File name too long"),
        ("round.yaml", "this file cannot be looked up", "Symlink loop from '{root}/round.yaml'"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there_is_told(sources, text, message, cause):
    (sources.root / "sub.yaml").mkdir()
    (sources.root / "round.yaml").symlink_to("round.yaml")
    fault = refusal(sources, text)
    assert (fault.message, fault.causes) == (message, (cause.format(root=sources.root),))


@pytest.mark.parametrize("text", ["notes.txt", "sub", "", "asr.conformer"])
def test_what_is_no_graph_file_is_told(sources, text):
    fault = refusal(sources, text)
    assert fault.message == f"`{text}` is no graph file"
    assert fault.help == "name a file that ends in .yaml or .yml, or a recipe: phonograph://asr/…"


def test_a_recipe_that_is_not_there_is_told(sources):
    fault = refusal(sources, "phonograph://asr/prompt")
    assert fault.message == "there is no recipe `phonograph://asr/prompt`"
    assert "asr/prompts" in fault.help
    assert refusal(Sources(sources.root), "phonograph://asr/prompts").help == ""


def test_the_root_is_the_working_directory_or_the_folder_of_a_graph_elsewhere(sources, tmp_path):
    assert Sources.around(sources.root / "sub" / "a.yaml").root == sources.root
    assert Sources.around(tmp_path / "outside.yaml").root == tmp_path
