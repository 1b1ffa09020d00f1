#!/usr/bin/env python3
"""Train the AN4 recipes with three seeds, score dev once, and print the table.

    .venv/bin/python scripts/prepare_an4.py an4_sphere.tar.gz an4
    .venv/bin/python scripts/an4_table.py an4 runs/an4 --hama hama.phono

OUT gets a run directory and a log for every recipe and seed, and table.md and table.json. What is
finished is not done again: run the same command to go on. The interval is a bootstrap over the
speakers: people differ more than sentences do. The recipes train with one thread, so two trainings
(--jobs 2) fit two cores; the wall time of each is then that beside another.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from phonograph.whole_file import write_all, write_whole


@dataclass(frozen=True, slots=True)
class Job:
    """One training and the scoring of its best bundle."""

    recipe: str
    seed: int
    start: str | None  # bundle to start from

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.recipe}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Score:
    """What one training gave: word error rate and its interval in percent, wall time in seconds."""

    recipe: str
    seed: int
    wer: float
    low: float
    high: float
    seconds: float


def main() -> None:
    """Read the arguments, train what is missing, write the table."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that prepare_an4.py made")
    parser.add_argument("out", type=Path, help="folder for runs and table")
    parser.add_argument("--hama", type=Path, help="checkpoint; without it only `an4` is trained")
    parser.add_argument("--seeds", default="0,1,2", help="numbers between commas")
    parser.add_argument("--dev", default="dev.jsonl", help="manifest in DATA that is scored")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once (default 1)")
    arguments = parser.parse_args()
    if arguments.jobs < 1:
        parser.error("--jobs must be at least 1")
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    scores: list[Score] = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        work = [
            pool.submit(finished, row, arguments.data, out, arguments.dev)
            for row in chains(seeds, out, arguments.hama)
        ]
        for done in as_completed(work):
            scores = sorted([*scores, *done.result()], key=lambda score: (score.recipe, score.seed))
            table = markdown(scores)
            rows = json.dumps([asdict(score) for score in scores], indent=2) + "\n"
            write_all({out / "table.md": table, out / "table.json": rows})
    print(table, end="")


def chains(seeds: Sequence[int], out: Path, hama: Path | None) -> list[list[Job]]:
    """Return what is to be trained in turn; the second phase starts from the first of its seed."""
    found = [[Job("an4", seed, None)] for seed in seeds]
    for seed in seeds if hama else []:
        first = Job("an4-hama", seed, str(hama))
        second = Job("an4-hama-unfrozen", seed, str(out / first.name / "best.phono"))
        found.append([first, second])
    return found


def finished(chain: Sequence[Job], data: Path, out: Path, dev: str) -> list[Score]:
    """Train and score jobs one after the other."""
    return [scored(job, data, out, dev) for job in chain]


def scored(job: Job, data: Path, out: Path, dev: str) -> Score:
    """Train and score a job, or read what was found before."""
    result = out / f"{job.name}.json"
    if result.exists():
        return Score(**json.loads(result.read_text()))
    run, clock, log = out / job.name, out / f"{job.name}.seconds", out / f"{job.name}.log"
    if not clock.exists():
        start = [f"init.from={Path(job.start).resolve()}"] if job.start else []
        settings = [f"vars.data={data.resolve()}", f"train.seed={job.seed}", *start]
        print(f"training {job.name}: {log}", flush=True)
        began = time.monotonic()
        # A run that was broken off is begun anew, so that the wall time is that of a whole one.
        recipe = f"phonograph://asr/{job.recipe}"
        phonograph(log, "train", recipe, *settings, "--run", str(run), "--overwrite")
        write_whole(clock, f"{time.monotonic() - began:.1f}\n")
    file = out / f"{job.name}.dev.json"
    phonograph(file, "evaluate", str(run / "best.phono"), str(data / dev), "--json")
    score = read_score(job, json.loads(file.read_text()), float(clock.read_text()))
    write_whole(result, json.dumps(asdict(score)) + "\n")
    print(f"{job.name}: dev WER {score.wer:.2f} %, {score.seconds / 60:.1f} min", flush=True)
    return score


def read_score(job: Job, heard: dict[str, Any], seconds: float) -> Score:
    """Return the row of a job.

    Args:
        job: what was trained.
        heard: what `evaluate --json` printed.
        seconds: how long training took.
    """
    wer = heard["scores"]["wer"]
    of_speakers = next(found for found in wer["intervals"] if found["over"] == "speakers")
    low, high = 100 * of_speakers["low"], 100 * of_speakers["high"]
    return Score(job.recipe, job.seed, 100 * wer["rate"], low, high, seconds)


def phonograph(output: Path, *words: str) -> None:
    """Run a command of phonograph; what it prints goes to a file.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, "-c", "from phonograph.cli.main import main; main()", *words]
    with output.open("w") as file:
        done = subprocess.run(command, stdout=file, text=True, check=False)
    if done.returncode:
        sys.exit(f"an4_table: `phonograph {' '.join(words)}` gave {done.returncode}; see {output}")


def markdown(scores: Sequence[Score]) -> str:
    """Return the table, with the mean of each recipe's seeds at the end.

    >>> print(markdown([Score("an4", 0, 9.5, 7.0, 12.0, 90.0)]))
    | recipe | seed | dev WER | 95 % interval | wall time |
    |---|---|---|---|---|
    | an4 | 0 | 9.50 % | 7.0 to 12.0 % | 1.5 min |
    | an4 | mean of 1 | 9.50 % | | 1.5 min |
    <BLANKLINE>
    """
    lines = [
        "| recipe | seed | dev WER | 95 % interval | wall time |",
        "|---|---|---|---|---|",
    ]
    for score in scores:
        between, minutes = f"{score.low:.1f} to {score.high:.1f} %", score.seconds / 60
        lines.append(
            f"| {score.recipe} | {score.seed} | {score.wer:.2f} % | {between} | {minutes:.1f} min |"
        )
    for recipe in dict.fromkeys(score.recipe for score in scores):
        of_recipe = [score for score in scores if score.recipe == recipe]
        wer = statistics.fmean(score.wer for score in of_recipe)
        minutes = statistics.fmean(score.seconds for score in of_recipe) / 60
        count = len(of_recipe)
        lines.append(f"| {recipe} | mean of {count} | {wer:.2f} % | | {minutes:.1f} min |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
