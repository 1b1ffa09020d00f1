"""Time the check of graphs of 100 to 10,000 modules, and of a very large model without its memory.

Prints a table and, with --json FILE, writes the same figures. Seconds are of the processor, so that
other work on the machine counts less; the best of several runs is taken.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from large_graphs import large_graph, with_faults
from phonograph.collections import default_registry
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.model import sketch
from phonograph.graphs.overrides import resolve
from phonograph.graphs.solve import solve_graph
from phonograph.graphs.spec_reader import read_spec
from phonograph.graphs.views import check_views

SIZES = [100, 300, 1000, 3000, 10000]
FAULTS = 50
LARGE = "phonograph://asr/jasper-10x5"
REGISTRY = default_registry()
PARTS = ("read", "solve", "views", "build")

Result = TypeVar("Result")

IN_A_PROCESS_OF_ITS_OWN = """
import resource, sys, time
from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.describe import describe
from phonograph.graphs.model import sketch
from phonograph.collections.recipes import locate
import torch
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
path, name = locate(sys.argv[1])
graph = load_graph(path, sys.argv[2:], default_registry(), name=name)
shown = describe(sketch(graph))
seconds = time.process_time() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(sum(row.parameters for row in shown.nodes), seconds, before / 1024, after / 1024)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of modules")
    parser.add_argument(
        "--runs", type=int, default=3, help="runs of each, the best of which counts"
    )
    options = parser.parse_args()
    measured(large_graph(60))  # imports, and what is worked out once for each kind of module
    rows = [best(large_graph(size), options.runs) for size in options.sizes]
    print(table(rows))
    growth = exponent(rows)
    print(f"\ntime grows as the number of modules to the power of {growth:.2f}")
    faulty = with_faults(large_graph(1000), FAULTS)
    seconds, told = timed(lambda: len(checked(faulty)))
    print(f"1,000 modules with {FAULTS} faults: {seconds:.2f} s, {told} told")
    large = without_memory()
    print(
        f"{LARGE}: {large['parameters'] / 1e6:.0f} M parameters checked and shown in "
        f"{large['seconds']:.1f} s; the process grew from {large['before_mib']:.0f} MiB, PyTorch "
        f"loaded, to {large['peak_mib']:.0f} MiB at most"
    )
    if options.json:
        figures = {"rows": rows, "exponent": growth, "faults_seconds": seconds, "large": large}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def best(text: str, runs: int) -> dict[str, float]:
    """Measure several times and keep the quickest run."""
    return min((measured(text) for _ in range(runs)), key=lambda row: row["total"])


def measured(text: str) -> dict[str, float]:
    """Return the seconds of every part of a check."""
    read, document = timed(lambda: resolve(parse_document(text, "large.yaml", Path())))
    further, (spec, unreadable) = timed(lambda: read_spec(document))
    solve, (graph, faults) = timed(lambda: solve_graph(spec, REGISTRY))
    if graph is None or unreadable:
        raise SystemExit(f"the generated graph is at fault:\n{faults[0]}")
    views, _ = timed(lambda: check_views(graph))
    build, model = timed(lambda: sketch(graph))
    seconds = dict(zip(PARTS, (read + further, solve, views, build), strict=True))
    return {"modules": len(model.modules), **seconds, "total": sum(seconds.values())}


def checked(text: str) -> tuple[Any, ...]:
    """Return the faults of a graph."""
    document = resolve(parse_document(text, "large.yaml", Path()))
    return check_document(document, REGISTRY).faults


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds that something takes, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def table(rows: list[dict[str, float]]) -> str:
    """Write the figures as a table."""
    lines = [
        "| modules | read | solve | views | build on meta | total |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        seconds = " | ".join(f"{row[name]:.2f} s" for name in (*PARTS, "total"))
        lines.append(f"| {row['modules']:,} | {seconds} |")
    return "\n".join(lines)


def exponent(rows: list[dict[str, float]]) -> float:
    """Return by which power of the number of modules the time grows, by least squares."""
    xs = [math.log(row["modules"]) for row in rows]
    ys = [math.log(row["total"]) for row in rows]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return over / (sum((a - x) ** 2 for a in xs) or 1.0)


def without_memory() -> dict[str, float]:
    """Check and show a large model in a process of its own; sizes in MiB."""
    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, LARGE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    parameters, seconds, before, after = map(float, done.stdout.split())
    return {
        "parameters": parameters,
        "seconds": seconds,
        "before_mib": before,
        "peak_mib": after,
    }


if __name__ == "__main__":
    main()
