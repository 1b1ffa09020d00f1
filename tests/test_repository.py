"""What a reviewer would otherwise have to look for."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import phonograph
from phonograph.collections import default_metrics, shipped_registry
from phonograph.collections.recipes import locate, recipe_names
from phonograph.graphs.check import check_graph

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "phonograph"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = ("torch", "pytorch_lightning", "numpy", "networkx", "rich")


def test_importing_phonograph_is_light():
    code = f"import sys, phonograph; print([name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["utils", "common", "helpers", "base", "misc"])
def test_no_file_has_a_name_that_says_nothing(name):
    assert list(PACKAGE.rglob(f"{name}.py")) == []


def test_every_folder_of_modules_is_a_package():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_recipe_file_is_packaged():
    packaged = PROJECT["tool"]["setuptools"]["package-data"]["phonograph.collections.asr"]
    recipes = (path for path in (PACKAGE / "collections/asr/recipes").rglob("*") if path.is_file())
    assert {f"recipes/**/*{path.suffix}" for path in recipes} <= set(packaged)


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_holds(name):
    path, title = locate(f"phonograph://{name}")
    metrics = default_metrics()
    checked = check_graph(path, [], shipped_registry(), name=title, metrics=metrics, locate=locate)
    assert checked.faults == ()


def test_the_graph_in_the_readme_holds(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    graphs = re.findall(r"^```yaml\n(phonograph: 1\n.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert graphs
    for number, text in enumerate(graphs):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert check_graph(path, [], shipped_registry()).faults == ()


@pytest.mark.parametrize("id", shipped_registry().ids)
def test_every_module_is_documented_with_an_example(id):
    documented = inspect.getdoc(shipped_registry().load(id).cls) or ""
    assert ">>>" in documented
    for parameter in shipped_registry().load(id).parameters:
        assert re.search(rf"^ *{parameter}: ", documented, re.MULTILINE), parameter


def test_the_version_is_in_the_changelog():
    assert f"## {phonograph.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_readme_starts_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 scripts/quickstart.py" in readme
    assert "python3 scripts/test.py" in readme
