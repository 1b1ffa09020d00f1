import importlib
import importlib.metadata
import json
import shutil
from importlib.metadata import PackageNotFoundError

import pytest

from phonograph.cli import doctor as doctor_command


def test_this_machine_is_healthy(run):
    done = run("doctor")
    assert done.exit_code == 0
    assert done.stdout.endswith("\nall that is needed is here\n")


def test_json_has_every_finding(run):
    told = json.loads(run("doctor", "--json").stdout)
    names = [finding["name"] for finding in told["findings"]]
    assert told["ok"] is True
    assert {"phonograph", "python", "torch", "hama", "accelerator", "ffmpeg", "disk"} <= set(names)


def test_a_missing_package_is_named_with_how_to_get_it(run, monkeypatch):
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "soxr":
            raise PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor_command, "version", version)
    done = run("doctor")
    assert done.exit_code == 1
    assert 'pip install "soxr>=1.1"' in done.stdout
    assert done.stdout.endswith("\nsomething that is needed is missing\n")


def test_a_package_that_is_too_old_is_missing(run, monkeypatch):
    monkeypatch.setattr(doctor_command, "version", lambda name: "0.0.1")
    findings = {f["name"]: f for f in json.loads(run("doctor", "--json").stdout)["findings"]}
    assert findings["numpy"]["state"] == "missing"
    assert findings["numpy"]["found"].startswith("0.0.1, older than ")
    assert findings["hama"]["state"] == "optional"


@pytest.mark.parametrize("module", ["torch", "soundfile"])
def test_a_library_that_does_not_start_is_missing(run, monkeypatch, module):
    real = importlib.import_module

    def start(name: str) -> object:
        if name == module:
            raise OSError("libgomp.so.1: cannot open shared object file")
        return real(name)

    monkeypatch.setattr(doctor_command, "import_module", start)
    done = run("doctor")
    assert done.exit_code == 1
    assert "does not start: libgomp.so.1: cannot open shared object file" in done.stdout


def test_ffmpeg_is_only_nice_to_have(run, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    done = run("doctor")
    assert done.exit_code == 0
    assert "needed only to convert formats such as m4a" in done.stdout
