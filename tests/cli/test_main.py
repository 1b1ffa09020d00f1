import errno
import os
import subprocess
import sys

import pytest
import typer

import phonograph
from phonograph.cli import check as check_command
from phonograph.cli.main import app

COMMANDS = [
    "init",
    "check",
    "show",
    "diff",
    "modules",
    "schema",
    "train",
    "report",
    "replay",
    "evaluate",
    "transcribe",
    "import",
    "export",
    "explain",
    "doctor",
    "tokenizer",
]
LIGHT = (
    "import sys, contextlib\n"
    "from phonograph.cli.main import main\n"
    "with contextlib.suppress(SystemExit): main()\n"
    "heavy = ('torch', 'numpy', 'pytorch_lightning', 'networkx', 'soundfile', 'rich')\n"
    "print('HEAVY', [name for name in heavy if name in sys.modules])\n"
)


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from phonograph.cli.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["transcribe", "--help"], ["--version"]])
def test_help_starts_without_heavy_packages(arguments):
    command = [sys.executable, "-c", LIGHT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("HEAVY []\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_examples(run, command):
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"\n  Examples:\n    phonograph {command}" in done.stdout


def test_the_commands_are_the_ones_documented():
    assert list(typer.main.get_group(app).commands) == COMMANDS


def test_the_version_is_printed(run):
    assert run("--version").stdout == f"phonograph {phonograph.__version__}\n"


def test_a_misspelt_command_is_wrong_usage_and_the_nearest_is_named(run):
    done = run("chek")
    assert done.exit_code == 2
    assert done.stderr == (
        "Usage: phonograph [OPTIONS] COMMAND [ARGS]...\n"
        "Try 'phonograph -h' for help.\n\n"
        "Error: No such command 'chek'. Did you mean 'check', 'schema'?\n"
    )


def test_a_misspelt_option_is_wrong_usage_and_the_nearest_is_named(run):
    done = run("check", "--jsno", "a.yaml")
    assert done.exit_code == 2
    assert "No such option: --jsno" in done.stderr
    assert "--json" in done.stderr


def test_what_a_user_can_mend_has_no_traceback():
    done = in_a_process("check", "missing.yaml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "missing.yaml" in done.stderr


def test_an_error_of_the_system_is_told_in_a_line(run, here, monkeypatch):
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "runs/x")

    monkeypatch.setattr(check_command, "check_argument", refuse)
    done = run("check", "a.yaml")
    assert (done.exit_code, done.stderr) == (1, "error[PC001]: `runs/x`: Permission denied\n")


def test_a_full_disk_is_told_in_a_line(run, here, monkeypatch):
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(check_command, "check_argument", refuse)
    done = run("check", "a.yaml")
    assert (done.exit_code, done.stderr) == (1, "error[PC001]: No space left on device\n")


def test_an_interruption_ends_quietly_with_130(run, monkeypatch):
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check_command, "check_argument", interrupt)
    done = run("check", "a.yaml")
    assert (done.exit_code, done.output) == (130, "")


def test_a_reader_that_stops_reading_causes_no_complaint():
    command = [sys.executable, "-c", "from phonograph.cli.main import main; main()", "modules"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""
