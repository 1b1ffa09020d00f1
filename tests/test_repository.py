"""What a reviewer would otherwise have to look for."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import phonograph

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


def test_the_version_is_in_the_changelog():
    assert f"## {phonograph.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_readme_starts_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 scripts/quickstart.py" in readme
    assert "python3 scripts/test.py" in readme
