"""The example plugin: its package works as its page tells, without being installed by pip."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "docs/plugin"
PAGE = (PLUGIN / "README.md").read_text(encoding="utf-8")
MODULE = "src/mylab/band_energy.py"


@pytest.fixture
def plugin(tmp_path):
    """Copy the plugin, and write beside it what pip would write into site-packages."""
    shutil.copytree(PLUGIN, tmp_path, dirs_exist_ok=True)
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    folder = tmp_path / "src" / f"{name}-{version}.dist-info"
    folder.mkdir()
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def run(folder, *command):
    paths = os.pathsep.join([str(folder / "src"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def phonograph(folder, *arguments):
    return run(folder, "-c", "from phonograph.cli.main import main; main()", *arguments)


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def unindented(text):
    return re.sub(r"\n\s*", "\n", f"\n{text}")


def test_what_the_page_quotes_stands_in_the_files():
    files = [PLUGIN / "pyproject.toml", PLUGIN / MODULE, *(PLUGIN / "tests").glob("*.py")]
    texts = [unindented(path.read_text(encoding="utf-8")) for path in files]
    quoted = [unindented(block) for block in (*blocks("python"), *blocks("toml"))]
    assert len(quoted) == 4
    assert [block for block in quoted if not any(block in text for text in texts)] == []


def test_the_files_that_the_page_lists_are_there():
    listed = [line.split()[0] for line in blocks("")[0].splitlines()]
    assert [name for name in listed if not (PLUGIN / name).is_file()] == []


def test_its_own_tests_pass_so_the_contract_holds(plugin):
    options = ("-q", "-p", "no:cacheprovider", "--doctest-modules", "tests", MODULE)
    done = run(plugin, "-m", "pytest", "-W", "error", *options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_of_the_page_print_what_it_says(plugin):
    sessions = re.split(r"^\$ phonograph (.*)\n", blocks("console")[0], flags=re.MULTILINE)[1:]
    assert len(sessions) == 4
    for command, expected in zip(sessions[::2], sessions[1::2], strict=True):
        done = phonograph(plugin, *command.split())
        assert (done.returncode, done.stderr) == (0, "")
        if "…" in expected:
            assert done.stdout.startswith(expected.partition("…")[0])
        else:
            assert done.stdout == expected


def test_the_mistake_on_the_page_is_told_so(plugin):
    source = plugin / MODULE
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace('": Features(', '": Feature('), encoding="utf-8")
    done = phonograph(plugin, "check", "graph.yaml")
    assert done.returncode == 1
    told = done.stderr.replace(f"{plugin}{os.sep}", "")
    assert told == blocks("text")[0] + "\n1 error\n"


def test_it_is_listed_with_the_distribution_it_comes_from(plugin):
    listed = " ".join(phonograph(plugin, "modules").stdout.split())
    summary = "Turn audio into log band energies, after a first-order pre-emphasis."
    assert f" mylab.band_energy {summary} (mylab 0.1) " in listed


def test_a_batch_is_trained(plugin):
    noise = np.random.default_rng(0).normal(0, 0.1, 8000)
    soundfile.write(plugin / "a.wav", noise, 8000)
    line = {"audio_filepath": "a.wav", "duration": 1.0, "text": "ab"}
    (plugin / "train.jsonl").write_text(json.dumps(line), encoding="utf-8")
    done = phonograph(plugin, "train", "graph.yaml", "modules.data.with.train=train.jsonl")
    assert done.returncode == 0, done.stderr
    assert (plugin / "runs/bands/last.phono").is_file()
