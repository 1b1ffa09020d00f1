"""Kill trainings with SIGKILL at random moments, and compare what comes out in the end.

A small Conformer with dropout, SpecAugment, batch norm and a moving average of its weights learns
from shipped prompts, once without interruption. Then the same command is given again and again,
each time killed after a random while, until its training is done; this goes on, in new run
directories, until there were as many kills as asked for. Kills before a process had made a step of
its own are told apart and do not count. The weights must be equal bit for bit, and so must the loss
of every step. Prints what was lost and writes the same figures with --json.

Processes are forked from one that has imported what they need, since imports take longer than
the training does; --fresh starts Python anew each time.

  python scripts/kill_test.py --kills 100
  python scripts/kill_test.py --kills 10 --workers 2
  python scripts/kill_test.py --kills 5 --begin-with 2 --fresh
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import torch

import phonograph.cli.main
import phonograph.collections.asr.conformer
import phonograph.training.fit
from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.bundle import read_bundle
from phonograph.whole_file import half_written

UTTERANCES = 60
EARLY = 0.1  # share of the lives that may end before training has begun
TOLERANCE = 1e-3  # of weights, where two processes added up gradients in another order
WITHOUT_STATISTICS = "modules.encoder.with.block.norm=none"  # each process has its own
GOING_ON = re.compile(r"going on at step (\d+)")
Start = Callable[[Sequence[str], Path], int]

GRAPH = """\
phonograph: 1
name: kill-test
modules:
  data:
    module: asr.manifest
    with:
      train: train.jsonl
      validation: validation.jsonl
      sample_rate: 16000
      batch_seconds: 8
      tokenizer: {type: characters, alphabet: " abcdefghijklmnopqrstuvwxyz'"}
  mel:     {module: asr.log_mel, from: data.audio, with: {n_mels: 40}}
  augment: {module: asr.spec_augment, from: mel.features, only: train}
  encoder:
    module: asr.conformer
    from: augment.features
    with: {d_model: 32, layers: 1, block: {heads: 2, kernel: 7, dropout: 0.2}}
  head:    {module: asr.ctc_head, from: encoder.encoded}
  loss:    {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text:    {module: asr.ctc_greedy, from: head.log_probs}
views:
  train:    {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
train:
  optimizer: {name: adamw, lr: 2e-3, weight_decay: 0.01}
  schedule:  {name: cosine, warmup_steps: 20}
  ema: 0.99
  threads: 1
  trainer: {max_steps: STEPS, gradient_clip_val: 1.0, accelerator: cpu, log_every_n_steps: 1,
            check_val_every_n_epoch: 2}
"""


@dataclass(slots=True)
class Course:
    """A training from its first start to its end.

    Args:
        kills: how often it was killed after a step that this life had made.
        early: how often it was killed before.
        writing: how often a file was being written.
        repeated: steps that were done again because they were done after the last state.
        at: last logged step before each kill.
        faults: what went wrong.
    """

    kills: int = 0
    early: int = 0
    writing: int = 0
    repeated: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setup:
    """How trainings are started.

    Args:
        folder: with the graph and its manifests.
        start: starts a command with its output in a file, and returns the process.
        overrides: of the graph.
        begin_with: processes of the first life of a course; later ones have one.
        longest: seconds of training after which a life is killed at the latest.
    """

    folder: Path
    start: Start
    overrides: tuple[str, ...]
    begin_with: int
    longest: float

    def command(self, run: str, processes: int) -> list[str]:
        """Return the arguments of `phonograph`."""
        devices = f"train.trainer.devices={processes}"
        graph = str(self.folder / "graph.yaml")
        return ["train", graph, *self.overrides, devices, "--run", str(self.folder / run)]


def forked(arguments: Sequence[str], log: Path) -> int:
    """Start a command in a copy of this process."""
    process = os.fork()
    return process or _be(arguments, log)


def fresh(arguments: Sequence[str], log: Path) -> int:
    """Start a command as a shell would."""
    program = "from phonograph.cli.main import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    appending = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    streams = [
        (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=streams)


def _be(arguments: Sequence[str], log: Path) -> NoReturn:
    status = 1
    try:
        stream = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.argv = ["phonograph", *arguments]
        phonograph.cli.main.main()
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - a copy of this script must not go on with it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def follow(process: int, seconds: float) -> int | None:
    """Wait for a process so long at most; return its status, or None after it was killed."""
    status = watch(process, seconds)
    if status is None:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    return status


def watch(process: int, seconds: float, until: Callable[[], bool] | None = None) -> int | None:
    """Wait for a process so long at most, or until something happened; return its status."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (until is not None and until()):
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def run_through(setup: Setup, run: str, kills: int, chance: random.Random) -> Course:
    """Start a training until it is done; kill it so many times at most."""
    course = Course()
    log = setup.folder / f"{run}.log"
    while True:
        # the uninterrupted one has all processes to its end: they deal out the data among them
        processes = setup.begin_with if not course.at or run == "whole" else 1
        before = last_step(setup.folder / run)
        told = _size(log)
        process = setup.start(setup.command(run, processes), log)
        if (
            processes > 1 and run != "whole"
        ):  # several have to leave a state, or there is nothing to go on from
            _await(setup.folder / run / "last.phono")
        patience = 1e6 if course.kills >= kills else chance.uniform(0, setup.longest)
        status, trains = None, _trains(setup.folder / run, log, told, before)
        if course.kills < kills and chance.random() > EARLY:
            status = watch(process, 60.0, trains)
        if status is None:
            status = follow(process, patience)
        _note_going_on(course, log, told, before)
        if status is None:
            trained = trains()
            course.kills += trained
            course.early += not trained
            course.writing += bool(half_written(setup.folder / run))
            course.at.append(last_step(setup.folder / run))
            continue
        if status:
            course.faults.append(f"ended with {status}: {_tail(log)}")
        return course


def _trains(run: Path, log: Path, told: int, before: int) -> Callable[[], bool]:
    """Tell when a training that was started now has made a step of its own."""

    def trains() -> bool:
        found = GOING_ON.search(log.read_bytes()[told:].decode() if log.exists() else "")
        at = int(found[1]) if found else 0
        return (found is not None or not before) and last_step(run) > at

    return trains


def _await(file: Path, longest: float = 120.0) -> None:
    end = time.monotonic() + longest
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)


def _note_going_on(course: Course, log: Path, told: int, before: int) -> None:
    found = GOING_ON.search(log.read_bytes()[told:].decode() if log.exists() else "")
    if found:
        course.repeated.append(max(0, before - int(found[1])))


def compare(folder: Path, run: str, tolerance: float) -> list[str]:
    """Say where a run differs from the one without interruption by more than a tolerance."""
    faults = []
    for name in ("last.phono", "best.phono"):
        one, other = (read_bundle(folder / of / name, default_registry()) for of in ("whole", run))
        weights, others = one.weights, other.weights
        furthest = max(
            float((weights[key].double() - others[key].double()).abs().max()) for key in weights
        )
        same = all(torch.equal(weights[key], others[key]) for key in weights | others)
        if not same and (not tolerance or furthest > tolerance):
            faults.append(f"{name} differs by {furthest:.2g}")
        elif not same:
            print(f"{name} of {run} differs by {furthest:.2g} at most")
    if not tolerance and losses(folder / "whole") != losses(folder / run):
        faults.append("the losses in metrics.jsonl differ")
    return faults


def losses(run: Path) -> list[tuple[int, str, float]]:
    """Return what was logged, in its order."""
    file = run / "metrics.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [
        (line["step"], key, value)
        for line in map(json.loads, lines)
        for key, value in line.items()
        if key.startswith(("train/", "validation/"))
    ]


def last_step(run: Path) -> int:
    """Return the last step that a run has logged, 0 before the first; its last line may be torn."""
    file = run / "metrics.jsonl"
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    steps = re.findall(r'^\{"step": (\d+),', text, re.MULTILINE)
    return int(steps[-1]) if steps else 0


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-600:]


def prepare(folder: Path, steps: int) -> None:
    """Write the graph and its manifests."""
    speech = locate("phonograph://asr/prompts")[0].parent / "prompts"
    for name, count in (("train", UTTERANCES), ("validation", 8)):
        lines = (speech / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[:count]
        found = [json.loads(line) for line in lines]
        for line in found:
            line["audio_filepath"] = str(speech / line["audio_filepath"])
        text = "".join(json.dumps(line) + "\n" for line in found)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / "graph.yaml").write_text(GRAPH.replace("STEPS", str(steps)), encoding="utf-8")


def measure(setup: Setup, kills: int, seed: int) -> dict[str, Any]:
    """Run the uninterrupted training and the killed ones, and print a line for each."""
    chance = random.Random(seed)
    begun = time.monotonic()
    whole = run_through(setup, "whole", 0, chance)
    seconds = time.monotonic() - begun
    if whole.faults:
        raise SystemExit(whole.faults[0])
    print(f"without interruption: {last_step(setup.folder / 'whole')} steps, {seconds:.1f} s")
    print(
        f"\n{'run':<8}{'kills':>6}{'in start-up':>13}{'in a write':>12}{'steps repeated':>16}"
        f"{'most at once':>14}   result",
        flush=True,
    )
    courses: list[Course] = []
    while sum(course.kills for course in courses) < kills:
        run = f"run{len(courses) + 1}"
        left = kills - sum(course.kills for course in courses)
        course = run_through(setup, run, min(left, 40), chance)
        if not course.faults:
            course.faults += compare(setup.folder, run, TOLERANCE if setup.begin_with > 1 else 0.0)
        courses.append(course)
        result = "; ".join(course.faults) or "the same"
        most = max(course.repeated, default=0)
        row = f"{run:<8}{course.kills:>6}{course.early:>13}{course.writing:>12}"
        row += f"{sum(course.repeated):>16}{most:>14}"
        print(f"{row}   {result}", flush=True)
    return {
        "kills": sum(course.kills for course in courses),
        "kills_in_start_up": sum(course.early for course in courses),
        "kills_in_a_write": sum(course.writing for course in courses),
        "runs": len(courses),
        "different": sum(bool(course.faults) for course in courses),
        "steps_repeated": sum(sum(course.repeated) for course in courses),
        "seconds_without_interruption": seconds,
        "courses": [asdict(course) for course in courses],
    }


def main() -> None:
    """Kill, compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="in all (default 100)")
    parser.add_argument("--steps", type=int, default=120, help="of a training (default 120)")
    parser.add_argument(
        "--longest", type=float, default=1.0, help="seconds of training in a life (default 1)"
    )
    parser.add_argument("--workers", type=int, default=0, help="that read ahead (default 0)")
    parser.add_argument(
        "--begin-with", type=int, default=1, help="processes of a first life (default 1)"
    )
    parser.add_argument("--fresh", action="store_true", help="start Python anew for every life")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default 0)")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.steps)
        setup = Setup(
            Path(folder),
            fresh if options.fresh else forked,
            (
                *([f"modules.data.with.workers={options.workers}"] if options.workers else []),
                *([WITHOUT_STATISTICS] if options.begin_with > 1 else []),
            ),
            options.begin_with,
            options.longest,
        )
        figures = measure(setup, options.kills, options.seed)
    print(
        f"\n{figures['kills']} kills in {figures['runs']} trainings "
        f"and {figures['kills_in_start_up']} in start-up, "
        f"{figures['steps_repeated']} steps repeated, {figures['different']} ended differently"
    )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    raise SystemExit(bool(figures["different"]))


if __name__ == "__main__":
    main()
