"""Edit valid graphs at random: each must run, or be told what is wrong; never a traceback.

Prints what came of all cases and the slowest ones; with --json FILE, writes the same figures. What
fails is saved, and `--replay FILE` judges it again.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch

from graph_edits import Case, base_graphs, make_case
from graph_fuzzer import judge

HANGS = 60.0  # seconds of the clock after which a worker is given up
SLOWEST = 10


def main() -> int:
    """Judge all cases; 1 when any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="how many cases")
    parser.add_argument("--seed", type=int, default=0, help="which cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=1, help="processes that work side by side")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--save", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="judge a saved case again")
    options = parser.parse_args()
    if options.replay:
        return replay(options.replay)
    started = time.monotonic()
    results = []
    for result in judged(options.seed, options.first, options.cases, options.jobs):
        results.append(result)
        if result["outcome"] == "failed":
            print(f"\ncase {result['number']} fails: {last_line(result['error'])}", flush=True)
            save(result, options.seed, options.save)
        if len(results) % 500 == 0:
            progress(results, options.cases, time.monotonic() - started)
    figures = summary(results, time.monotonic() - started)
    print("\n" + as_text(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return int(figures["outcomes"].get("failed", 0) > 0)


def judged(seed: int, first: int, cases: int, jobs: int) -> Iterator[dict[str, Any]]:
    """Yield the result of every case; a worker that hangs or dies is replaced by another."""
    numbers = iter(range(first, first + cases))
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, Any] = {}
    busy: dict[Connection, tuple[int, float]] = {}

    def start() -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, seed), daemon=True)
        process.start()
        theirs.close()
        workers[ours] = process
        give(ours)

    def give(worker: Connection) -> None:
        number = next(numbers, None)
        if number is None:
            workers.pop(worker).terminate()
        else:
            worker.send(number)
            busy[worker] = number, time.monotonic()

    for _ in range(jobs):
        start()
    while busy:
        for worker in wait(list(busy), timeout=1.0):
            assert isinstance(worker, Connection)
            number, _ = busy.pop(worker)
            try:
                yield worker.recv()
                give(worker)
            except EOFError:
                workers.pop(worker).join()
                yield lost(number, "the process died")
                start()
        for worker, (number, since) in list(busy.items()):
            if time.monotonic() - since > HANGS:
                del busy[worker]
                workers.pop(worker).kill()
                yield lost(number, f"no answer after {HANGS:.0f} s")
                start()


def lost(number: int, error: str) -> dict[str, Any]:
    """Return the result of a case that gave none."""
    return {"number": number, "base": "", "outcome": "failed", "codes": [], "edits": [],
            "seconds": HANGS, "error": error}  # fmt: skip


def work(pipe: Connection, seed: int) -> None:
    """Judge the cases whose numbers come through the pipe."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    graphs = base_graphs()
    with tempfile.TemporaryDirectory() as folder:
        while True:
            number = pipe.recv()
            case = make_case(graphs, seed, number)
            verdict = judge(case, Path(folder))
            pipe.send(
                {
                    "number": number,
                    "base": case.base,
                    "outcome": verdict.outcome,
                    "codes": list(verdict.codes),
                    "edits": list(case.edits),
                    "seconds": verdict.seconds,
                    "error": verdict.error,
                }
            )


def save(result: dict[str, Any], seed: int, folder: Path) -> None:
    """Write a failing case down."""
    folder.mkdir(parents=True, exist_ok=True)
    case = make_case(base_graphs(), seed, result["number"])
    content = base64.b64encode(case.content).decode()
    text = case.content.decode("utf-8", "replace")
    written = {**result, "seed": seed, "text": text, "content": content}
    written |= {"overrides": list(case.overrides), "file": case.file, "base": case.base}
    written["edits"] = list(case.edits)
    path = folder / f"{seed}-{result['number']}.json"
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def replay(path: Path) -> int:
    """Judge a saved case again, and print it."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    case = Case(
        base=saved["base"],
        number=saved["number"],
        content=base64.b64decode(saved["content"]),
        overrides=tuple(saved["overrides"]),
        file=saved["file"],
        edits=tuple(saved["edits"]),
    )
    print(case.content.decode("utf-8", "replace"), *case.overrides, sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        verdict = judge(case, Path(folder))
    print(f"{verdict.outcome} in {verdict.seconds:.2f} s: {', '.join(verdict.codes)}")
    print(verdict.error)
    return int(verdict.outcome == "failed")


def progress(results: list[dict[str, Any]], cases: int, seconds: float) -> None:
    """Print how far it is."""
    outcomes = Counter(result["outcome"] for result in results)
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
    rate = len(results) / seconds
    print(f"{len(results)} of {cases} ({rate:.0f}/s): {counts}", file=sys.stderr, flush=True)


def summary(results: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Return the figures of all cases."""
    codes = Counter(code for result in results for code in set(result["codes"]))
    slowest = sorted(results, key=lambda result: -result["seconds"])[:SLOWEST]
    return {
        "cases": len(results),
        "seconds": seconds,
        "outcomes": dict(Counter(result["outcome"] for result in results)),
        "by_base": {
            base: dict(Counter(r["outcome"] for r in results if r["base"] == base))
            for base in sorted({result["base"] for result in results})
        },
        "cases_by_code": dict(codes.most_common()),
        "slowest": [{k: r[k] for k in ("number", "base", "outcome", "seconds")} for r in slowest],
        "failures": [
            {"number": r["number"], "base": r["base"], "error": last_line(r["error"])}
            for r in results
            if r["outcome"] == "failed"
        ],
    }


def as_text(figures: dict[str, Any]) -> str:
    """Write the figures as tables."""
    outcomes = figures["outcomes"]
    lines = [f"{figures['cases']:,} cases in {figures['seconds']:.0f} s"]
    lines += [f"  {count:8,}  {name}" for name, count in sorted(outcomes.items())]
    lines += ["", "cases by code"]
    lines += [f"  {count:8,}  {code}" for code, count in figures["cases_by_code"].items()]
    lines += ["", "slowest cases"]
    lines += [
        f"  {row['seconds']:6.2f} s  case {row['number']} of {row['base']}: {row['outcome']}"
        for row in figures["slowest"]
    ]
    return "\n".join(lines)


def last_line(error: str) -> str:
    """Return the line of a traceback that says what it is."""
    lines = [line for line in error.splitlines() if line and not line.startswith(" ")]
    return lines[-1] if lines else error


if __name__ == "__main__":
    sys.exit(main())
