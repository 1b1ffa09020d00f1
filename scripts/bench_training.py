"""Compare a training by `phonograph train` with the same training as a bare PyTorch loop.

Both train one graph on the same batches of the shipped prompts from the same weights, and take
turns in one process. Timed is what lies between the optimizer's steps: loading, forward, backward,
step, and on our side all that Lightning, metrics and checkpoints add. The frozen prefix is not
cached. Beside the time on the clock stands the processor time of all threads, which other programs
on the machine disturb less. Prints a table and, with --json FILE, writes the same figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

from phonograph.collections import default_metrics, default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.bundle import open_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.fit import fit
from phonograph.training.random_state import seed_everything
from phonograph.training.scoring import losses_of
from phonograph.training.settings import read_settings
from phonograph.training.split import open_split
from phonograph.training.starting_point import starting_point

FIRST = 4  # steps that warm up and are not timed

GRAPH = """\
phonograph: 1
name: bench-training
modules:
  data:
    module: asr.manifest
    with:
      train: {train}
      sample_rate: 16000
      batch_seconds: 40
      tokenizer: {{type: characters, alphabet: " abcdefghijklmnopqrstuvwxyz'"}}
  mel:     {{module: asr.log_mel, from: data.audio}}
  encoder:
    module: asr.conformer
    from: mel.features
    with: {{d_model: 144, layers: {layers}, block: {{heads: 4, kernel: 31}}}}
  head:    {{module: asr.ctc_head, from: encoder.encoded}}
  loss:    {{module: asr.ctc_loss, from: {{log_probs: head.log_probs, targets: data.tokens}}}}
views:
  train:   {{run: [loss.loss]}}
train:
  cache: false
  optimizer: {{name: adamw, lr: 1e-3}}
  schedule:  {{name: cosine, warmup_steps: 20}}
  trainer:   {{max_steps: {steps}, gradient_clip_val: 1.0, accelerator: cpu}}
"""


class Seconds(NamedTuple):
    """A time by the clock, and the processor time of all threads."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Seconds:
        """Return the time of now."""
        return cls(time.perf_counter(), time.process_time())


Trained = tuple[Seconds, dict[str, Tensor]]
"""Seconds per step, and the weights."""


@contextmanager
def step_times() -> Iterator[list[Seconds]]:
    """Collect the time of each step of any optimizer."""
    times: list[Seconds] = []
    hook = register_optimizer_step_post_hook(lambda *_: times.append(Seconds.now()))
    try:
        yield times
    finally:
        hook.remove()


def ours(graph: SolvedGraph, folder: Path) -> Trained:
    """Train as `phonograph train` does; return seconds per step and the weights."""
    with step_times() as times:
        result = fit(graph, default_registry(), folder, metrics=default_metrics(), say=print)
    model = open_bundle(result.last, default_registry())
    return _per_step(times), model.module.state_dict()


def bare(graph: SolvedGraph) -> Trained:
    """Train in a loop such as one writes by hand; return seconds per step and the weights."""
    settings = read_settings(graph)
    steps = settings.budget.steps
    assert steps is not None
    model = starting_point(graph, default_registry(), seed=settings.seed, say=print)
    split = open_split(model, "train")
    model.module.train()
    weights = list(model.module.parameters())
    optimizer = torch.optim.AdamW(weights, fused=True, **settings.rates)
    rate, done, epoch = settings.rates["lr"], 0, 0
    batches = split.training(seed=settings.seed, rank=0, world=1)
    with step_times() as times:
        while done < steps:
            batches.set_epoch(epoch)
            for batch in batches:
                seed_everything(settings.seed, done)
                for group in optimizer.param_groups:
                    group["lr"] = settings.schedule.rate(rate, done, done / steps)
                losses = losses_of(graph, split.view.view, split.view(batch))
                assert losses is not None
                optimizer.zero_grad()
                losses.total.backward()
                torch.nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()
                done += 1
                if done == steps:
                    break
            epoch += 1
    return _per_step(times), model.module.state_dict()


def _per_step(times: list[Seconds]) -> Seconds:
    steps = len(times) - 1 - FIRST
    first, last = times[FIRST], times[-1]
    return Seconds(*((end - start) / steps for start, end in zip(first, last, strict=True)))


def measure(graph: SolvedGraph, rounds: int) -> dict[str, Any]:
    """Let the two take turns, the order swapped every round."""
    pairs, same = [], True
    for index in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            runs: dict[str, Trained] = {}
            for name in ("ours", "bare") if index % 2 else ("bare", "ours"):
                runs[name] = ours(graph, Path(folder) / "run") if name == "ours" else bare(graph)
        (spent, weights), (reference, others) = runs["ours"], runs["bare"]
        same &= all(torch.equal(weights[name], others[name]) for name in others)
        pairs.append((spent, reference))
        print(
            f"round {index + 1}: ours {spent.clock:.4f} s a step, bare {reference.clock:.4f} s; "
            f"processor {spent.processor:.4f} s and {reference.processor:.4f} s",
            flush=True,
        )
    threads = torch.get_num_threads()
    figures = {kind: _compared(pairs, kind) for kind in Seconds._fields}
    return {**figures, "rounds": rounds, "threads": threads, "same_weights": same}


def _compared(pairs: list[tuple[Seconds, Seconds]], kind: str) -> dict[str, float]:
    both = [(getattr(mine, kind), getattr(theirs, kind)) for mine, theirs in pairs]
    ratios = sorted(mine / theirs for mine, theirs in both)
    return {
        "ours_s": statistics.median(mine for mine, _ in both),
        "bare_s": statistics.median(theirs for _, theirs in both),
        "ratio_median": statistics.median(ratios),
        "ratio_lowest": ratios[0],
        "ratio_highest": ratios[-1],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="pairs of trainings (default 5)")
    parser.add_argument("--steps", type=int, default=40, help="steps of a training (default 40)")
    parser.add_argument("--layers", type=int, default=4, help="of the Conformer (default 4)")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    train = locate("phonograph://asr/prompts")[0].parent / "prompts" / "train.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.yaml"
        text = GRAPH.format(
            train=json.dumps(str(train)), steps=options.steps, layers=options.layers
        )
        file.write_text(text, encoding="utf-8")
        figures = measure(load_graph(file, [], default_registry()), options.rounds)
    print(f"\n{'time':<10}{'ours':>10}{'bare':>10}{'ratio':>9}  lowest to highest")
    for kind in Seconds._fields:
        row = figures[kind]
        seconds = f"{kind:<10}{row['ours_s']:9.4f}s{row['bare_s']:9.4f}s"
        spread = f"{row['ratio_lowest']:.4f} to {row['ratio_highest']:.4f}"
        print(f"{seconds}{row['ratio_median']:9.4f}  {spread}")
    print(f"the same weights afterwards, bit for bit: {figures['same_weights']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
