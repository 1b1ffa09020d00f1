"""Scripts are loaded from their files, as a user runs them."""

import importlib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def load_script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module
