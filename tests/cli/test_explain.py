"""Every page of `phonograph explain`: its wrong example gives the code, its right one does not.

The examples are run as they are printed, in a folder that has all that they name. What the wrong
ones give stands in `told.yaml`, without causes and help; docs/faults.md is made from it.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import soundfile
import torch
import yaml
from filelock import FileLock, Timeout
from torch import nn
from torch.multiprocessing.spawn import ProcessExitedException

import phonograph
from phonograph import collections
from phonograph.cli import export as cli_export
from phonograph.cli.code_pages import FAMILIES, CodePage, code_pages
from phonograph.cli.explain import WIDEST, lines_of
from phonograph.collections import default_registry, shipped_registry
from phonograph.collections.asr import import_hama
from phonograph.collections.asr.hama_container import read_container
from phonograph.collections.asr.transcriber import Transcriber
from phonograph.errors import PhonographError
from phonograph.graphs.bundle import read_bundle, save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.export import export as exporting
from phonograph.graphs.model import build
from phonograph.training.continuation import Continuation, share_out
from phonograph.training.heartbeat import Beat, Vigil
from phonograph.training.position import Position
from phonograph.training.preflight.codes import WARNINGS
from phonograph.types.kinds import Embedding, Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import Registry, register

TESTS = Path(__file__).parents[1]
PAGES = code_pages()
TOLD: dict[str, str] = yaml.safe_load(Path(__file__).with_name("told.yaml").read_text("utf-8"))

CLINIC = """\
phonograph: 1
name: clinic
modules:
  data:
    module: asr.manifest
    with: {train: train.jsonl, validation: validation.jsonl, sample_rate: 16000,
           tokenizer: {type: characters, alphabet: " abcdefghijklmnopqrstuvwxyz'"}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 64}}
  encoder: {module: asr.conformer, from: mel.features, with: {d_model: 16, layers: 1}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
  infer: {feed: [data.audio], run: [text.text, text.hypotheses]}
train: {trainer: {max_steps: 1}}
"""
TRANSDUCER = """\
modules:
  words: {module: asr.predictor, from: data.tokens, with: {d_model: 8}}
  joint:
    module: asr.joint
    from: {encoded: encoder.encoded, predicted: words.predicted}
    with: {d_model: 8}
  head: null
  loss: {module: asr.transducer_loss, from: {logits: joint.logits, targets: data.tokens}}
  text:
    module: asr.transducer_greedy
    from: {encoded: encoder.encoded, predictor: words.network, joint: joint.network}
"""
SHORT = """\
modules:
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8, normalize: none}}
  encoder: {module: asr.row_conv, from: before.encoded, with: {ahead: 2}}
  before: {module: asr.recurrent, from: mel.features, with: {d_model: 8, bidirectional: false}}
"""


PART = """\
phonograph: 1
expose: {inputs: {features: read.features}, outputs: {encoded: read.encoded}}
modules:
  read: {module: asr.conformer, with: {d_model: 16, layers: 1}}
"""


@register("my.halve", version=1)
class Halve(nn.Module):
    """Halve the time without stating any lengths."""

    @ports(encoded=Encoded("B D T"), out={"encoded": Encoded("B D ceil(T/2)")})
    def forward(self, encoded):
        return encoded[:, :, ::2]


@register("my.room", version=1)
class Room(nn.Module):
    """Hear the room."""

    @ports(features=Frames("B D T"), out={"room": Embedding("B D", space="room")})
    def forward(self, features):
        return features.mean(dim=2)


@register("my.dry", version=1)
class Dry(nn.Module):
    """Take the room away."""

    @ports(
        features=Frames("B D T"),
        room=Embedding("B D", space="room"),
        out={"encoded": Encoded("B D T")},
    )
    def forward(self, features, room):
        return features - room[:, :, None]


class Own:
    """The module of the page that is being run."""


def registry_with_ours() -> Registry:
    ours = {"my.halve": "Halve", "my.room": "Room", "my.dry": "Dry", "my.own": "Own"}
    table = {**shipped_registry().table, "lab.log_mel": "lab.log_mel:LogMel"}
    table |= {id: f"{__name__}:{name}" for id, name in ours.items()}
    return Registry(table, plugins={"lab.log_mel": "lab 0.1"})


def sections(text: str, depth: int) -> dict[str, str]:
    """Split YAML into the entries at a depth of indentation, as they are written."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        start = re.match(rf" {{{depth}}}(\w+):", line)
        name = start[1] if start else name
        found[name] = found.get(name, "") + line
    return found


def put_into(whole: str, part: str) -> str:
    """Replace the nodes, views and settings of a graph by those of a part of one."""
    if not re.match(r"\w+:", part) or {"phonograph", "modules"} <= set(sections(part, 0)):
        return part
    graph = sections(whole, 0)
    for key, section in sections(part, 0).items():
        if key in ("modules", "views"):
            entries = sections(graph[key], 2) | sections(section, 2)
            graph[key] = "".join(entries.values())
        else:
            graph[key] = section
    return "".join(graph.values())


def save(folder: Path, name: str, text: str) -> None:
    """Write a graph, and an untrained bundle of it."""
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    torch.manual_seed(0)
    graph = load_graph(path, [], collections.default_registry())
    save_bundle(path.with_suffix(".phono"), graph, build(graph).module.state_dict(), {})


def save_speech(folder: Path) -> None:
    """Write recordings and the manifests that name them."""
    calls = folder / "calls"
    calls.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 64000)
    for number, name in enumerate(("001", "002", "day")):
        soundfile.write(calls / f"{name}.wav", noise[100 * number :][:8000], 16000)
    soundfile.write(calls / "slow.wav", noise[:24000], 16000)
    soundfile.write(calls / "long.wav", noise[:48000], 16000)
    soundfile.write(calls / "loud.wav", np.clip(30 * noise[:8000], -1, 1), 16000)
    soundfile.write(calls / "offset.wav", noise[:8000] + 0.1, 16000)
    soundfile.write(calls / "silence.wav", 0 * noise[:8000], 16000)
    soundfile.write(calls / "phone.wav", noise[:4000], 8000)
    soundfile.write(calls / "empty.wav", noise[:0], 16000)
    broken = np.full(8000, np.nan, dtype=np.float32)
    soundfile.write(calls / "broken.wav", broken, 16000, subtype="FLOAT")
    (folder / "noise").mkdir()
    soundfile.write(folder / "noise" / "hall.wav", noise[:8000], 16000)
    (calls / "notes.txt").write_text("call back on Monday")
    for name in ("train", "validation", "test"):
        lines = [
            json.dumps({"audio_filepath": f"calls/{n}.wav", "duration": 0.5, "text": text})
            for n, text in (("001", "ab"), ("002", "no"))
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    lost = '{{"audio_filepath": "lost/{}.wav", "duration": 1, "text": "yes"}}\n'
    (folder / "lost.jsonl").write_text("".join(lost.format(number) for number in range(23)))


def save_many(folder: Path) -> None:
    """Write a manifest of 41 similar utterances, and the graph that trains on them."""
    lines = [
        {"audio_filepath": "calls/long.wav", "offset": k / 40, "duration": round(seconds, 3)}
        for k, seconds in enumerate(np.geomspace(0.4, 0.64, 40))
    ]
    lines.append({"audio_filepath": "calls/day.wav", "duration": 0.5})
    spoken = (json.dumps({**line, "text": "yes", "speaker": "ann"}) for line in lines)
    (folder / "many.jsonl").write_text("\n".join(spoken))
    graph = CLINIC.replace("train: train.jsonl", "train: many.jsonl, batch_seconds: 2")
    graph = graph.replace("validation: validation.jsonl", "test: test.jsonl")
    (folder / "calls.yaml").write_text(graph, encoding="utf-8")


def save_nemo(folder: Path) -> None:
    place = TESTS / "collections/asr/nemo/conftest.py"
    spec = importlib.util.spec_from_file_location("nemo_maker", place)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    settings = yaml.safe_dump(maker.configuration(), sort_keys=False).encode()
    members = {"model_config.yaml": settings, "model_weights.ckpt": maker.saved(maker.weights())}
    maker.write_tar(folder / "model.nemo", members)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make every file that examples name."""
    folder = tmp_path_factory.mktemp("world")
    save_speech(folder)
    save_many(folder)
    save(folder, "transducer", put_into(CLINIC, TRANSDUCER))
    save(folder, "live", put_into(CLINIC, SHORT))
    save(folder, "wide", CLINIC.replace("d_model: 16", "d_model: 32"))
    save(folder, "clinic", CLINIC)
    shutil.copy(folder / "clinic.phono", folder / "large.phono")
    (folder / "part.yaml").write_text(PART, encoding="utf-8")
    save_nemo(folder)
    shutil.copytree(TESTS / "collections/asr/hugging_face/goldens/hubert", folder / "hubert")
    return folder


Outcome = tuple[int, list[str]]
"""The exit code, and the codes of all errors that were told."""


class Examples:
    """Runs examples in a folder, as a user would.

    Args:
        run: runs a command of phonograph.
        folder: where all files are.
        patch: puts the module of an example into the registry.
    """

    def __init__(self, run: Callable[..., Any], folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.run, self.folder, self.patch = run, folder, patch
        self.said = ""

    def outcome(self, page: CodePage, text: str) -> Outcome:
        text += "\n"
        match page.form:
            case "shell":
                return self.shell(text)
            case "python":
                return self.python(text)
            case "module":
                return self.module(text)
            case "manifest":
                (self.folder / "test.jsonl").write_text(text, encoding="utf-8")
                return self.command(page.told_by or "phonograph evaluate clinic.phono test.jsonl")
        graph = put_into(CLINIC, text)
        if ".phono" in page.told_by:
            save(self.folder, "clinic", graph)
        (self.folder / "clinic.yaml").write_text(graph, encoding="utf-8")
        return self.command(page.told_by or "phonograph check clinic.yaml")

    def first_fault(self, code: str) -> str:
        """Return the first fault of a code that was told, without causes and help."""
        said = self.said.replace(f"{self.folder}/", "")
        kind = "warning" if code in WARNINGS else "error"
        found = said[said.index(f"{kind}[{code}]") :].partition("\n\n")[0]
        return re.split(r"\n +=", found)[0].rstrip()

    def command(self, line: str) -> Outcome:
        done = self.run(*line.split()[1:])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.said = done.stderr
        codes = re.findall(r"^(?:error|warning)\[(\w+)\]", done.stderr, re.MULTILINE)
        return done.exit_code, codes

    def shell(self, text: str) -> Outcome:
        result: Outcome = (0, [])
        for line in text.splitlines():
            assert result == (0, []), f"a line before `{line}` failed"
            line = line.partition("  #")[0].strip()
            if line.startswith("phonograph "):
                result = self.command(line)
            elif not line.startswith("pip "):
                line = line.replace("python ", f"{sys.executable} ")
                subprocess.run(line, shell=True, check=True, cwd=self.folder)  # noqa: S602
        return result

    def python(self, text: str) -> Outcome:
        try:
            exec(text, dict(NAMES))
        except PhonographError as error:
            self.said = str(error)
            return 1, [fault.code for fault in error.diagnostics]
        return 0, []

    def module(self, text: str) -> Outcome:
        space: dict[str, Any] = {"torch": torch}
        exec(text, space)
        declared = ports(encoded=Frames("B D T"), out={"encoded": Encoded("B D T")})
        own = type("Own", (nn.Module,), {"forward": declared(space["forward"])})
        self.patch.setitem(globals(), "Own", register("my.own", version=1)(own))
        nodes = "  own: {module: my.own, from: mel.features}\n  encoder: null\n"
        head = "  head: {module: asr.ctc_head, from: own.encoded}\n"
        save(self.folder, "own", put_into(CLINIC, f"modules:\n{nodes}{head}"))
        return self.command("phonograph export own.phono own.pt2 --run own.encoded")


@pytest.fixture
def examples(world, here, run, monkeypatch) -> Examples:
    shutil.copytree(world, here, dirs_exist_ok=True)
    monkeypatch.setattr(collections, "default_registry", registry_with_ours)
    return Examples(run, here, monkeypatch)


NAMES = {
    "Path": Path,
    "Transcriber": Transcriber,
    "ZipFile": ZipFile,
    "default_registry": default_registry,
    "read_bundle": read_bundle,
    "read_container": read_container,
    "torch": torch,
}


def no_packages(patch: pytest.MonkeyPatch, module: object) -> None:
    patch.setattr(module, "find_spec", lambda name: None)


def other_hama(patch: pytest.MonkeyPatch) -> None:
    Path("assets").mkdir()
    Path("assets/asr_waveform.hama").write_bytes(b"HAMAPK")
    patch.setattr(import_hama, "_installed_assets", lambda: Path("assets"))


def no_memory(patch: pytest.MonkeyPatch) -> None:
    def fail(*_):
        raise torch.OutOfMemoryError

    patch.setattr("phonograph.collections.asr.transcriber.inference", fail)


def full_memory(patch: pytest.MonkeyPatch) -> None:
    def fail(*_, **__):
        raise torch.OutOfMemoryError

    patch.setattr("phonograph.training.trial.Runner.forward", fail)


def damaged_states(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("phonograph.training.fit.refuse_foreign", lambda *_: None)
    Path("runs/clinic").mkdir(parents=True)
    Path("runs/clinic/last.state").touch()


def full_disk(patch: pytest.MonkeyPatch) -> None:
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "runs/clinic/last.state")

    patch.setattr("phonograph.training.fit.start_run", fail)


def begun_by_four(patch: pytest.MonkeyPatch) -> None:
    position = Position(batches=8, per_epoch=8, processes=4, step=2, seconds=1.0)
    found = Continuation(Path("last.state"), position)
    patch.setattr("phonograph.training.fit.share_out", lambda s, p, _: share_out(s, p, 3))
    patch.setattr("phonograph.training.fit._earlier", lambda *_: found)
    patch.setattr("phonograph.training.fit.go_on", lambda *_, **__: None)


def one_of_two(patch: pytest.MonkeyPatch, *, alive: bool) -> None:
    """Let the watch over processes see one that is dead, or that is alive and behind."""

    def beat(rank: int, count: int) -> Beat:
        beats = count if alive or rank == 0 else min(count, 1)
        begun = 4 if alive and rank == 0 else 3
        return Beat(host="lab", pid=7 + rank, count=beats, begun=begun, step=2)

    def fail(*_):
        vigil = Vigil(rank=0, limit=40)
        for count in range(60):
            fault = vigil.look({0: beat(0, count), 1: beat(1, count)}, count)
            if fault is not None:
                raise PhonographError(fault)

    patch.setattr("phonograph.training.fit._fit", fail)


def held_by_another(patch: pytest.MonkeyPatch) -> None:
    def fail(self):
        raise Timeout("runs/clinic/.lock")

    patch.setattr(FileLock, "acquire", fail)


def killed(patch: pytest.MonkeyPatch) -> None:
    class Processes:
        def join(self, patience, **_):
            raise ProcessExitedException("", error_index=1, error_pid=7, exit_code=-9)

    patch.setattr("phonograph.training.ranks.start_processes", lambda *_, **__: Processes())


def old_runtime(patch: pytest.MonkeyPatch) -> None:
    def run(*_):
        raise ValueError("Unsupported model IR version: 11, max supported IR version: 9")

    patch.setitem(exporting.WRITERS, ".onnx", lambda work, path: run)


CIRCUMSTANCES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "PB010": lambda patch: no_packages(patch, import_hama),
    "PB011": lambda patch: patch.setattr(import_hama, "_installed_assets", lambda: Path("gone")),
    "PB012": other_hama,
    "PE007": lambda patch: patch.setattr("phonograph.graphs.export.onnx_file.LARGEST", 100),
    "PE009": old_runtime,
    "PE010": lambda patch: no_packages(patch, exporting),
    "PR001": no_memory,
    "PD015": lambda patch: patch.setattr(
        "phonograph.data.manifest_index._stamp", lambda status: object()
    ),
    "PT002": lambda patch: patch.setattr("phonograph.training.fit.find_state", lambda *_: None),
    "PT007": killed,
    "PT008": full_memory,
    "PT010": damaged_states,
    "PT011": full_disk,
    "PT012": begun_by_four,
    "PT014": held_by_another,
    "PT020": lambda patch: one_of_two(patch, alive=False),
    "PT021": lambda patch: one_of_two(patch, alive=True),
    "PT032": lambda patch: patch.setattr(
        "phonograph.training.lightning_graph.all_finite", lambda _: False
    ),
}
"""What is otherwise than usual where the wrong example is run."""

OPTIONAL = {
    "hama": {"PB010", "PB011", "PB012", "PB013", "PB022"},
    "onnxruntime": {"PE007", "PE009", "PE010"},
}
"""Packages that some installations lack -> codes whose examples need them."""

WRITTEN = {"PE005", "PE008"}
"""Codes whose right example is written as a file in full, which takes seconds."""

FETCHED = {"PB050", "PB051"}
"""Codes whose right example needs weights from elsewhere."""


def skip_without_its_package(page: CodePage) -> None:
    for package, codes in OPTIONAL.items():
        if page.code in codes and importlib.util.find_spec(package) is None:
            pytest.skip(f"the optional package `{package}` is not installed")


def only_until_the_file_is_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(exporting, "WRITERS", dict.fromkeys(exporting.WRITERS, lambda work, path: None))
    patch.setattr(exporting, "_checked", lambda work, run: None)
    patch.setattr(cli_export, "_print", lambda report: None)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.code)
def test_the_wrong_example_gives_the_code_and_no_other(page, examples, monkeypatch):
    skip_without_its_package(page)
    CIRCUMSTANCES.get(page.code, lambda patch: None)(monkeypatch)
    exit_code, codes = examples.outcome(page, page.wrong)
    assert exit_code == (0 if page.code in WARNINGS else 1)
    if page.code == "PD000":
        codes = codes[20:]
    assert set(codes) == {page.code}
    if page.form == "graph":
        assert len(codes) == 1
    assert examples.first_fault(page.code) == TOLD.get(page.code, "").rstrip()


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES.values() if page.code not in FETCHED],
    ids=lambda page: page.code,
)
def test_the_right_example_is_accepted(page, examples, monkeypatch):
    skip_without_its_package(page)
    if page.code not in WRITTEN:
        only_until_the_file_is_written(monkeypatch)
    exit_code, codes = examples.outcome(page, page.right)
    assert (exit_code, codes) == (0, [])


def test_every_code_of_the_program_has_a_page_and_every_page_a_code():
    folder = Path(phonograph.__file__).parent
    sources = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    codes = {code for text in sources for code in re.findall(r'"(P[A-Z]\d{3})"', text)}
    assert codes == set(PAGES)


def test_codes_of_one_family_are_in_order():
    for family in FAMILIES:
        codes = [code for code in PAGES if code.startswith(family)]
        assert codes == sorted(codes)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.code)
def test_every_page_is_whole_and_fits_a_terminal(page):
    assert page.title == page.title.strip().rstrip(".")
    assert page.means.endswith(".")
    assert 1 <= len(re.findall(r"[.:?](?: |$)", page.means)) <= 6
    assert page.wrong != page.right
    assert page.do
    assert max(map(len, "\n".join(lines_of(page, WIDEST)).splitlines())) <= WIDEST


def test_a_page_is_printed_as_it_is_written(run):
    done = run("explain", "PG060")
    assert done.exit_code == 0
    assert done.stdout == (
        "PG060: an optimizer is unknown\n"
        "\n"
        "The name is that of no optimizer in `torch.optim` that trains any weights by gradients.\n"
        "\n"
        "wrong:\n"
        "\n"
        "    train: {optimizer: {name: adamv, lr: 1e-3}}\n"
        "\n"
        "right:\n"
        "\n"
        "    train: {optimizer: {name: adamw, lr: 1e-3}}\n"
        "\n"
        "what to do:\n"
        "\n"
        "Write the name of the class in small letters, such as `adamw`, `sgd` or `rmsprop`.\n"
    )


@pytest.mark.parametrize("spelling", ["pg060", "error[PG060]:", "[PG060]"])
def test_a_code_may_be_copied_from_a_message(run, spelling):
    assert run("explain", spelling).stdout.startswith("PG060: ")


def test_without_a_code_all_are_listed(run):
    done = run("explain")
    assert done.exit_code == 0
    assert done.stdout.startswith("graphs:\n  PG001  the file is not valid YAML\n")
    for page in PAGES.values():
        assert f"  {page.code}  {page.title}\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= WIDEST


def test_a_machine_reads_the_same(run):
    page = json.loads(run("explain", "PG010", "--json").stdout)
    assert set(page) == {"code", "title", "means", "form", "told_by", "wrong", "right", "do"}
    assert page["wrong"].startswith("modules:\n  mel: {module: asr.logmel")
    listed = json.loads(run("explain", "--json").stdout)
    assert listed[0] == {"code": "PG001", "title": "the file is not valid YAML"}
    assert len(listed) == len(PAGES)


def test_an_unknown_code_is_wrong_usage(run):
    done = run("explain", "PG300")
    assert done.exit_code == 2
    assert "there is no code `PG300`; did you mean" in done.stderr
    done = run("explain", "everything")
    assert "`phonograph explain` lists them" in done.stderr


def test_a_person_at_a_terminal_is_told_where_to_read_more(run, monkeypatch):
    for module in ("screen", "check"):
        monkeypatch.setattr(f"phonograph.cli.{module}.on_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("clinic.yaml").write_text(CLINIC.replace("asr.log_mel", "asr.logmel"))
    checked = run("check", "clinic.yaml").stderr
    assert checked.endswith("\n\n1 error; `phonograph explain PG010` says more\n")
    Path("clinic.yaml").write_text(CLINIC.replace("n_mels", "n_mel").replace("name:", "nam:"))
    checked = run("check", "clinic.yaml").stderr
    ending = "2 errors, 2 of which --fix mends; `phonograph explain PG008` says more"
    assert checked.endswith(f"\n\n{ending}\n")
    Path("clinic.yaml").write_text(CLINIC.replace("asr.log_mel", "asr.logmel"))
    other = run("train", "clinic.yaml").stderr
    assert other.endswith("`asr.stored_log_mel`?\n\n`phonograph explain PG010` says more\n")


def test_no_remark_of_an_example_is_lost_as_a_comment_of_yaml():
    for path in (Path(phonograph.__file__).parent / "cli" / "explanations").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"^  \w+: [^|>\n\"][^\n]* #.*$", text, re.MULTILINE)
