"""Compare a compiled view with the same modules called by hand, and `check` with importing torch.

Both sides share their weights and take turns in one process, so that a drift of the machine's speed
falls on both. Prints a table and, with --json FILE, writes the same figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import Model, build
from phonograph.graphs.spec import PortName

RECIPE = "phonograph://asr/quartznet-15x5"


class Recorder(TorchDispatchMode):
    """Writes down every tensor operation."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Record the operation's name and run it."""
        self.calls.append(str(func))
        return func(*args, **(kwargs or {}))


def by_hand(model: Model) -> Callable[..., Any]:
    """Return the train view of the recipe written out as plain calls."""
    m: Any = model.module

    def run(audio: Any, audio_lengths: Any, tokens: Any, token_lengths: Any) -> Any:
        features, frames = m.mel(audio=audio, lengths=audio_lengths)
        features = m.augment(features=features, lengths=frames)
        encoded, frames = m.encoder(features=features, lengths=frames)
        log_probs = m.head(encoded=encoded)
        return m.loss(
            log_probs=log_probs, lengths=frames, targets=tokens, target_lengths=token_lengths
        )

    return run


def timed(function: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def paired(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> dict[str, float]:
    """Time two functions in turn, the order swapped every round."""
    first(), second()  # warm up
    pairs = []
    for index in range(rounds):
        if index % 2:
            b, a = timed(second), timed(first)
        else:
            a, b = timed(first), timed(second)
        pairs.append((a, b))
    ratios = sorted(a / b for a, b in pairs)
    return {
        "first_s": statistics.median(a for a, _ in pairs),
        "second_s": statistics.median(b for _, b in pairs),
        "ratio_median": statistics.median(ratios),
        "ratio_low": ratios[len(ratios) // 4],
        "ratio_high": ratios[-1 - len(ratios) // 4],
        "rounds": rounds,
    }


def compare_core(rounds: int, seconds: float) -> dict[str, Any]:
    """Run the compiled train core and the hand-written calls on the same batch."""
    path, name = locate(RECIPE)
    model = build(load_graph(path, [], default_registry(), name=name))
    model.module.eval()
    compiled = model.view("train")
    samples = int(16000 * seconds)
    batch = {
        "audio": torch.randn(4, samples),
        "audio_lengths": torch.tensor([samples] * 4),
        "tokens": torch.randint(0, 28, (4, 20)),
        "token_lengths": torch.tensor([20] * 4),
    }
    inputs = [batch[port.port] for port in compiled.core_inputs]
    hand = by_hand(model)
    with torch.no_grad():
        ours, theirs = Recorder(), Recorder()
        with ours:
            first = compiled.core(*inputs)
        with theirs:
            second = hand(**batch)
        loss = first[compiled.core_outputs.index(PortName("loss", "loss"))]
        figures = paired(lambda: compiled.core(*inputs), lambda: hand(**batch), rounds)
    return {
        **figures,
        "same_calls": ours.calls == theirs.calls,
        "calls": len(ours.calls),
        "same_loss": bool(torch.equal(loss, second[0])),
    }


def compare_check(rounds: int) -> dict[str, float]:
    """Time `phonograph check` of the recipe against `python -c "import torch"`, whole processes."""
    program = str(Path(sys.executable).with_name("phonograph"))

    def check() -> None:
        subprocess.run([program, "check", RECIPE], check=True, capture_output=True)

    def import_torch() -> None:
        subprocess.run([sys.executable, "-c", "import torch"], check=True)

    return paired(check, import_torch, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="pairs of runs (default 15)")
    parser.add_argument("--seconds", type=float, default=4.0, help="audio per utterance")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures = {
        "core against hand": compare_core(options.rounds, options.seconds),
        "check against import torch": compare_check(options.rounds),
    }
    print(f"{'':28}{'first':>10}{'second':>10}{'ratio':>9}  quartiles")
    for title, row in figures.items():
        quartiles = f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}"
        times = f"{row['first_s']:9.3f}s{row['second_s']:9.3f}s"
        print(f"{title:28}{times}{row['ratio_median']:9.3f}  {quartiles}")
    core = figures["core against hand"]
    print(f"tensor operations: {core['calls']}, the same on both sides: {core['same_calls']}")
    print(f"the same loss: {core['same_loss']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
