import argparse
import json

import pytest


@pytest.fixture
def environment(load_script, monkeypatch, tmp_path):
    """The script in an empty project, with the slow parts noted down instead of done."""
    script = load_script("environment")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(script, "STAMP", tmp_path / ".venv/phonograph.json")
    monkeypatch.setattr(script, "LOG", tmp_path / ".venv/install.log")
    calls = []

    def make_environment():
        calls.append(["make"])
        script.program("python").parent.mkdir(parents=True)
        script.program("python").touch()
        script.program("pip").touch()

    monkeypatch.setattr(script, "make_environment", make_environment)
    monkeypatch.setattr(script, "install", calls.append)
    script.calls = calls
    return script


def test_the_first_run_makes_and_installs(environment):
    assert environment.prepare(["test"]) == environment.program("python")
    assert environment.calls == [
        ["make"],
        ["torch==2.14.1", "torchaudio==2.11.0", "--editable", ".[test]"],
    ]


def test_a_second_run_does_nothing(environment):
    environment.prepare(["hama", "test"])
    environment.calls.clear()
    environment.prepare(["hama"])
    assert environment.calls == []


def test_a_changed_project_is_installed_again(environment):
    environment.prepare([])
    environment.calls.clear()
    (environment.ROOT / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    environment.prepare([])
    assert len(environment.calls) == 1


def test_new_extras_join_those_installed_before(environment):
    environment.prepare(["hama"])
    environment.prepare(["test"])
    assert environment.calls[-1][-1] == ".[hama,test]"


def test_a_cpu_build_comes_from_its_own_index_and_stays(environment):
    environment.prepare([], cpu=True)
    assert environment.calls[1] == [*environment.TORCH, "--index-url", environment.CPU_INDEX]
    environment.calls.clear()
    environment.prepare([])
    assert environment.calls == []


def test_another_torch_can_be_chosen(environment):
    environment.prepare([], torch="torch==2.15.0 torchaudio")
    assert environment.calls[1][:2] == ["torch==2.15.0", "torchaudio"]


def test_a_broken_installation_leaves_no_stamp(environment, monkeypatch):
    environment.prepare([])

    def fail(requirements):
        raise SystemExit("pip could not install")

    monkeypatch.setattr(environment, "install", fail)
    with pytest.raises(SystemExit):
        environment.prepare(["test"])
    assert not environment.STAMP.exists()


def test_programs_are_where_the_system_puts_them(environment, monkeypatch):
    assert environment.program("python") == environment.VENV / "bin/python"
    monkeypatch.setattr(environment, "WINDOWS", True)
    assert environment.program("python") == environment.VENV / "Scripts/python.exe"


def test_a_python_without_ensurepip_says_what_to_install(load_script, monkeypatch):
    script = load_script("environment")
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt-get install python3.*-venv"):
        script.make_environment()


def test_the_options_are_explained(load_script):
    parser = argparse.ArgumentParser()
    load_script("environment").add_options(parser)
    assert "without CUDA" in " ".join(parser.format_help().split())


def test_the_stamp_is_plain_json(environment):
    environment.prepare(["test"])
    assert json.loads(environment.STAMP.read_text())["extras"] == ["test"]
