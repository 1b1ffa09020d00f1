"""Measure the speed and memory of acoustic models, side by side with NeMo's.

With --nemo PYTHON, the Python of an environment that has NeMo, every model is made there from its
published configuration with random weights, written as a .nemo file and imported by `phonograph
import`. Both frameworks are loaded, each in a process of its own, are seen to compute the same
scores, and then take turns, never both at once: ours, NeMo, NeMo, ours, and so on. A ratio is the
median over such pairs of NeMo's time through ours, with its quartiles; above 1 ours is quicker.
Memory is the most a process held meanwhile, its libraries included. Without --nemo only ours is
measured, with our recipes.

Parts:
  mel            the front end, on 8 utterances of 15 s
  inference      audio to log-probabilities (transducer: to encoded frames), same batch, float32
  bf16           the same in bfloat16, ours against NeMo's, and ours against its float32
  training       a step on 8 utterances of 8 s: augmentation, loss, gradients, AdamW
  transcription  40 files of 3 to 12 s to text, each framework with its own batches
  start          a whole process, from its start to the text of one file of 3 to 12 s

Examples:
  python scripts/bench_asr.py --nemo ~/nemo/bin/python --json speed.json     # about 20 minutes
  python scripts/bench_asr.py --nemo ~/nemo/bin/python --models quartznet-15x5 --parts inference
  python scripts/bench_asr.py --quick                                        # ours alone, small

Only a quiet machine gives figures worth keeping: one other busy core makes a step five times as
long. How busy it is is measured between the models, while all of ours wait, and reported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench_asr_data import Material, make_from_recipe, make_material, make_with_nemo, program
from bench_asr_link import Reply, Worker, WorkerError, environment
from bench_asr_models import PARAMETERS

HERE = Path(__file__).resolve().parent
PARTS = ("mel", "inference", "bf16", "training", "transcription", "start")
GOALS = {"inference": 1.3, "bf16": 2.0, "training": 1.15, "transcription": 2.0, "start": 3.0}
OWN_GOALS = {
    ("quartznet-15x5", "inference"): 2.5,
    ("conformer-transducer-s", "training"): 5.0,
}
ALIKE = 0.03
"""Largest difference of a score that counts as the same computation: deep networks with random
weights magnify roundoff, as comparing either side with float64 shows. Another computation is off by
1 or more; parity is proved by `verify_nemo.py`."""

QUIET = 0.05
"""Share of the processors that others may use."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one part of one model took, turn by turn."""

    model: str
    part: str
    audio: float  # seconds of audio in a turn
    ours: list[float]
    theirs: list[float] = field(default_factory=list)
    ours_mib: float | None = None
    theirs_mib: float | None = None

    @property
    def goal(self) -> float | None:
        """The ratio that is aimed at, if any."""
        return OWN_GOALS.get((self.model, self.part), GOALS.get(self.part))

    @property
    def ratio(self) -> tuple[float, float, float] | None:
        """Lower quartile, median and upper quartile of NeMo's time through ours."""
        return spread([b / a for a, b in zip(self.ours, self.theirs, strict=True)])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "ratio": self.ratio, "goal": self.goal}


class Load(NamedTuple):
    """How busy a machine was while this program slept."""

    others: float | None  # share of all processors, where the system tells
    minute: float  # load average
    loop: float  # seconds of a loop that always does the same

    @property
    def quiet(self) -> bool:
        """Whether figures are worth keeping."""
        return self.others is None or self.others <= QUIET


def spread(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the lower quartile, the median and the upper quartile, or nothing of nothing.

    >>> spread([4.0, 1.0, 2.0, 3.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    if not values:
        return None
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return low, middle, high


def take_turns(calls: Sequence[Callable[[], Reply]], rounds: int) -> list[list[Reply]]:
    """Make calls in turn, the order reversed every round, after one round to warm up.

    Args:
        calls: what is compared.
        rounds: how often each is measured.

    Returns:
        for each call its replies, round by round.
    """
    found: list[list[Reply]] = [[] for _ in calls]
    for turn in range(rounds + 1):
        places = list(range(len(calls)))
        for place in places if turn % 2 else reversed(places):
            reply = calls[place]()
            if turn:
                found[place].append(reply)
    return found


def row_of(model: str, part: str, audio: float, turns: Sequence[Sequence[Reply]]) -> Row:
    """Write the turns of ours, and of NeMo where it took part, as a row."""
    seconds = [[reply.seconds for reply in side] for side in turns]
    peaks = [max((reply.peak_mib or 0.0 for reply in side), default=0.0) for side in turns]
    alone = len(turns) == 1
    return Row(
        model,
        part,
        audio,
        ours=seconds[0],
        theirs=[] if alone else seconds[1],
        ours_mib=peaks[0],
        theirs_mib=None if alone else peaks[1],
    )


class Bench:
    """Measures models one after another.

    Args:
        options: the command line.
        folder: for everything that is written.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.log = folder / "workers.log"
        self.material: Material = make_material(folder / "material", quick=options.quick)
        self.rows: list[Row] = []
        self.loads: list[Load] = []
        self.notes: dict[str, Any] = {}
        self.files = self._make_models()

    def run(self) -> None:
        """Measure everything that was asked for."""
        for model, files in self.files.items():
            self.loads.append(listen())
            with ExitStack() as stack:
                workers = [stack.enter_context(self._start(side)) for side in self._sides()]
                self.notes["versions"] = [w.call("versions").result for w in workers]
                self._measure(model, workers, files)
            if "start" in self.options.parts:
                self._measure_start(model, files)
            print(f"measured {model}", file=sys.stderr, flush=True)
        self.loads.append(listen())

    def _measure(self, model: str, workers: list[Worker], files: list[Path]) -> None:
        parts, rounds, material = self.options.parts, self.options.rounds, self.material
        batch = seconds_in(material.batch)
        for worker, file in zip(workers, files, strict=True):
            count = worker.call("open", model=str(file), batch=str(material.batch)).result
            self.notes.setdefault(model, {})[f"parameters {worker.name}"] = count
        if len(workers) > 1:
            self.notes[model]["largest difference"] = self._difference(model, workers)
        if "mel" in parts:
            self._add(model, "mel", batch, self._turns(workers, "mel", 3 * rounds))
        if {"inference", "bf16"} & set(parts):
            self._measure_inference(model, workers, batch)
        if "transcription" in parts:
            self._measure_transcription(model, workers)
        if "training" in parts:
            lesson = {"batch": str(material.lesson), "texts": material.texts}
            for worker, file in zip(workers, files, strict=True):
                count = worker.call("open_training", model=str(file), **lesson).result
                self.notes[model][f"tokens {worker.name}"] = count
            turns = self._turns(workers, "training", rounds)
            self._add(model, "training", seconds_in(material.lesson), turns)

    def _measure_inference(self, model: str, workers: list[Worker], batch: float) -> None:
        asked = ["float32", "bf16"] if "bf16" in self.options.parts else ["float32"]
        calls = [
            partial(worker.call, "inference", precision=precision)
            for precision in asked
            for worker in workers
        ]
        turns = take_turns(calls, self.options.rounds)
        both = len(workers)
        self._add(model, "inference", batch, turns[:both])
        if len(asked) > 1:
            self._add(model, "bf16", batch, turns[both:])
            self._add(model, "bf16/f32", batch, [turns[both], turns[both - 1]])

    def _measure_transcription(self, model: str, workers: list[Worker]) -> None:
        files = self.material.files
        for worker in workers[1:]:
            chosen = worker.call("choose_batch", files=files).result
            self.notes[model]["batch size of transcription"] = chosen
        turns = self._turns(workers, "transcription", max(2, self.options.rounds // 2), files=files)
        texts = [side[0].result for side in turns]
        if len(texts) > 1:
            same = sum(a == b for a, b in zip(*texts, strict=True))
            self.notes[model]["same texts"] = f"{same} of {len(files)}"
        self._add(model, "transcription", self.material.seconds, turns)

    def _measure_start(self, model: str, files: list[Path]) -> None:
        recording = self.material.files[0]
        commands = [[program(), "transcribe", str(files[0]), recording, "--device", "cpu"]]
        if len(files) > 1:
            alone = [*self._command("nemo"), "--transcribe", str(files[1]), recording]
            commands.append(alone)
        calls = [partial(whole_process, c, self.options.threads, self.log) for c in commands]
        turns = take_turns(calls, max(2, self.options.rounds // 2))
        self._add(model, "start", 0.0, turns)

    def _difference(self, model: str, workers: list[Worker]) -> float:
        found = []
        for worker in workers:
            out = self.folder / f"{model}.{worker.name}.npz"
            worker.call("write_scores", out=str(out))
            found.append(out)
        largest = largest_difference(*found)
        if not largest <= ALIKE:
            sys.exit(f"{model}: ours and NeMo's scores differ by {largest:.2g}: not the same work")
        return largest

    def _turns(
        self, workers: list[Worker], method: str, rounds: int, **arguments: Any
    ) -> list[list[Reply]]:
        return take_turns([partial(w.call, method, **arguments) for w in workers], rounds)

    def _add(self, model: str, part: str, audio: float, turns: Sequence[Sequence[Reply]]) -> None:
        self.rows.append(row_of(model, part, audio, turns))

    def _make_models(self) -> dict[str, list[Path]]:
        models, material, folder = self.options.models, self.material, self.folder
        if not self.options.nemo:
            return {name: [make_from_recipe(name, material, folder)] for name in models}
        with self._start("nemo") as nemo:
            return {name: make_with_nemo(name, nemo, material, folder) for name in models}

    def _sides(self) -> list[str]:
        return ["ours", "nemo"] if self.options.nemo else ["ours"]

    def _command(self, side: str) -> list[str]:
        python = self.options.nemo if side == "nemo" else sys.executable
        return [python, str(HERE / f"bench_asr_{side}.py")]

    def _start(self, side: str) -> Worker:
        threads = self.options.threads
        command = [*self._command(side), "--threads", str(threads)]
        return Worker(side, command, threads=threads, log=self.log)


def largest_difference(ours: Path, theirs: Path) -> float:
    """Compare scores on valid frames; infinite where the lengths differ."""
    with np.load(ours) as a, np.load(theirs) as b:
        if a["lengths"].tolist() != b["lengths"].tolist():
            return float("inf")
        # encoded frames have time last, log-probabilities before it
        axis = 1 if a["scores"].shape[1] == a["lengths"].max() else 2
        first, second = (np.moveaxis(arrays["scores"], axis, 1) for arrays in (a, b))
        return max(
            float(np.abs(one[:frames] - other[:frames]).max())
            for one, other, frames in zip(first, second, a["lengths"], strict=True)
        )


def seconds_in(batch: Path) -> float:
    """Return the seconds of audio in a padded batch."""
    with np.load(batch) as arrays:
        return arrays["audio"].size / 16000


def whole_process(command: list[str], threads: int, log: Path) -> Reply:
    """Run a program from its start to its end."""
    start = time.perf_counter()
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=sink, env=environment(threads)
        )
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WorkerError(f"{' '.join(command)} failed; see {log}")
    return Reply(None, seconds, used.ru_maxrss / (1 if sys.platform == "linux" else 1024) / 1024)


def listen(seconds: float = 1.0) -> Load:
    """Sleep, and say what others did meanwhile."""
    before = processor_times()
    time.sleep(seconds)
    after = processor_times()
    others = None
    if before is not None and after is not None:
        whole = sum(after) - sum(before)
        idle = sum(after[3:5]) - sum(before[3:5])  # idle, and waiting for disks
        others = max(0.0, 1 - idle / whole) if whole else 0.0
    start = time.perf_counter()
    sum(number * number for number in range(2_000_000))
    return Load(others, os.getloadavg()[0], time.perf_counter() - start)


def processor_times() -> list[int] | None:
    """Return what Linux counts of all processors: user, nice, system, idle, waiting, and so on."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    return [int(word) for word in line.split()[1:9]]


def table(rows: Sequence[Row]) -> str:
    """Write rows for people."""
    head = ["model", "part", "ours s", "NeMo s", "x real", "ratio", "quartiles", "goal", "MiB"]
    lines = [head, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def cells(row: Row) -> list[str]:
    """Write a row as the cells of the table."""
    ours = statistics.median(row.ours)
    theirs = f"{statistics.median(row.theirs):.3f}" if row.theirs else "-"
    memory = "-" if row.ours_mib is None else f"{row.ours_mib:.0f}"
    memory += "" if row.theirs_mib is None else f" / {row.theirs_mib:.0f}"
    ratio, quartiles, goal = "-", "-", "-"
    if row.ratio is not None:
        low, middle, high = row.ratio
        ratio, quartiles = f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
        if row.goal is not None:
            goal = f"{row.goal:g} {'met' if middle >= row.goal else 'missed'}"
    speed = f"{row.audio / ours:.0f}" if row.audio else "-"
    return [row.model, row.part, f"{ours:.3f}", theirs, speed, ratio, quartiles, goal, memory]


def quietness(loads: Sequence[Load]) -> str:
    """Say whether the machine was quiet."""
    known = [load.others for load in loads if load.others is not None]
    loops = [load.loop for load in loads]
    steady = f"the same loop took {min(loops):.3f} to {max(loops):.3f} s"
    if not known:
        return f"how busy others kept the machine is not known here; {steady}"
    verdict = "quiet" if all(load.quiet for load in loads) else "NOT QUIET, do not keep these"
    return f"machine: {verdict}; others used up to {max(known):.0%} of it; {steady}"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nemo", metavar="PYTHON", help="Python that has NeMo, to compare with")
    parser.add_argument("--models", nargs="+", choices=list(PARAMETERS), default=list(PARAMETERS))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns each (default 5)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="each (default 2)")
    parser.add_argument(
        "--quick", action="store_true", help="little audio and 2 turns: does it run?"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write every turn here")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep models and logs here")
    options = parser.parse_args()
    if options.quick:
        options.rounds = min(options.rounds, 2)
    return options


def main() -> int:
    """Measure and print."""
    options = read_options()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        try:
            bench = Bench(options, folder)
            bench.run()
        except WorkerError as error:
            sys.exit(f"{error}")
    took = time.perf_counter() - start
    print(table(bench.rows))
    print(quietness(bench.loads))
    print(f"{options.threads} threads, {options.rounds} turns, {took / 60:.0f} min; {bench.notes}")
    if options.json:
        known = {"threads": options.threads, "quick": options.quick, "seconds": took}
        loads = [load._asdict() for load in bench.loads]
        rows = [row.to_json() for row in bench.rows]
        found = {**known, "notes": bench.notes, "loads": loads, "rows": rows}
        options.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
