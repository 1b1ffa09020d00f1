#!/usr/bin/env python3
"""Train the AN4 recipes with three seeds, score dev once, and print the table.

    .venv/bin/python scripts/prepare_an4.py an4_sphere.tar.gz an4
    .venv/bin/python scripts/an4_table.py an4 runs/an4 --hama hama.phono

OUT gets a run directory for every recipe and seed, and table.md and table.json. What is finished
is not done again: run the same command to go on. The interval is of 10,000 bootstrap samples of
the dev speakers, each with all that they say: people differ more than sentences do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phonograph.collections.asr.word_errors import word_errors
from phonograph.whole_file import write_all, write_whole

SAMPLES = 10_000
LEVEL = 95  # percent


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
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    arguments.out.mkdir(parents=True, exist_ok=True)
    scores = []
    for job in jobs(seeds, arguments.out, arguments.hama):
        scores.append(finished(job, arguments.data, arguments.out, arguments.dev))
        table = markdown(scores)
        rows = json.dumps([asdict(score) for score in scores], indent=2) + "\n"
        write_all({arguments.out / "table.md": table, arguments.out / "table.json": rows})
    print(table, end="")


def jobs(seeds: Sequence[int], out: Path, hama: Path | None) -> list[Job]:
    """Return what is to be trained; the second phase starts from the first of its seed."""
    found = [Job("an4", seed, None) for seed in seeds]
    for seed in seeds if hama else []:
        first = Job("an4-hama", seed, str(hama))
        second = Job("an4-hama-unfrozen", seed, str(out / first.name / "best.phono"))
        found += [first, second]
    return found


def finished(job: Job, data: Path, out: Path, dev: str) -> Score:
    """Train and score a job, or read what was found before."""
    result = out / f"{job.name}.json"
    if result.exists():
        return Score(**json.loads(result.read_text()))
    run, clock = out / job.name, out / f"{job.name}.seconds"
    if not clock.exists():
        start = [f"init.from={Path(job.start).resolve()}"] if job.start else []
        settings = [f"vars.data={data.resolve()}", f"train.seed={job.seed}", *start]
        began = time.monotonic()
        # A run that was broken off is begun anew, so that the wall time is that of a whole one.
        phonograph(
            "train", f"phonograph://asr/{job.recipe}", *settings, "--run", str(run), "--overwrite"
        )
        write_whole(clock, f"{time.monotonic() - began:.1f}\n")
    manifest = data / dev
    heard = phonograph("evaluate", str(run / "best.phono"), str(manifest), "--json", keep=True)
    write_whole(out / f"{job.name}.dev.json", heard)
    wer, low, high = interval(speaker_counts(json.loads(heard), manifest))
    score = Score(job.recipe, job.seed, wer, low, high, float(clock.read_text()))
    write_whole(result, json.dumps(asdict(score)) + "\n")
    return score


def phonograph(*words: str, keep: bool = False) -> str:
    """Run a command of phonograph, and return what it prints where that is kept."""
    command = [sys.executable, "-c", "from phonograph.cli.main import main; main()", *words]
    output = subprocess.PIPE if keep else None
    done = subprocess.run(command, stdout=output, text=True, check=False)
    if done.returncode:
        sys.exit(f"an4_table: `phonograph {' '.join(words)}` gave {done.returncode}")
    return done.stdout or ""


def speaker_counts(heard: dict[str, Any], manifest: Path) -> np.ndarray:
    """Count errors and words of every speaker.

    Args:
        heard: what `evaluate --json` printed.
        manifest: what was scored; a line has `audio_filepath` and `speaker`.

    Returns:
        [speakers, 2] wrong words and spoken words.
    """
    speakers = {}
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        speakers[str(Path(row["audio_filepath"]).with_suffix(""))] = str(row["speaker"])
    counts = {speaker: [0, 0] for speaker in sorted(set(speakers.values()))}
    for utterance in heard["utterances"]:
        found = word_errors([utterance["reference"]], [utterance["hypothesis"]])
        count = counts[speakers[utterance["id"]]]
        count[0] += found.substitutions + found.insertions + found.deletions
        count[1] += found.reference
    return np.array(list(counts.values()))


def interval(counts: np.ndarray) -> tuple[float, float, float]:
    """Return the word error rate and its bootstrap interval, in percent.

    Args:
        counts: [speakers, 2] wrong words and spoken words.

    >>> interval(np.array([[1, 10], [1, 10]]))
    (10.0, 10.0, 10.0)
    """
    drawn = np.random.default_rng(0).integers(len(counts), size=(SAMPLES, len(counts)))
    wrong, spoken = counts[drawn].sum(axis=1).T
    edge = (100 - LEVEL) / 2
    low, high = np.percentile(100 * wrong / spoken, [edge, 100 - edge])
    total = counts.sum(axis=0)
    return float(100 * total[0] / total[1]), float(low), float(high)


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
        f"| recipe | seed | dev WER | {LEVEL} % interval | wall time |",
        "|---|---|---|---|---|",
    ]
    for score in scores:
        between, minutes = f"{score.low:.1f} to {score.high:.1f} %", score.seconds / 60
        lines.append(
            f"| {score.recipe} | {score.seed} | {score.wer:.2f} % | {between} | {minutes:.1f} min |"
        )
    for recipe in dict.fromkeys(score.recipe for score in scores):
        of_recipe = [score for score in scores if score.recipe == recipe]
        wer = float(np.mean([score.wer for score in of_recipe]))
        minutes = float(np.mean([score.seconds for score in of_recipe])) / 60
        count = len(of_recipe)
        lines.append(f"| {recipe} | mean of {count} | {wer:.2f} % | | {minutes:.1f} min |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
