"""Measure opening manifests and loading their audio.

Opening: seconds and growth of peak memory for manifests of 10^3 lines and more, each in a fresh
process. Loading: utterances and seconds of audio per second of our loader, against a bare
soundfile loop over the same files (the shipped prompts). Prints a table and, with --json FILE,
writes the same figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile

from phonograph.collections import recipes
from phonograph.data.dataset import SpeechDataset
from phonograph.data.loader import Loader
from phonograph.data.manifest import Utterance
from phonograph.data.manifest_index import read_manifest
from phonograph.data.tokenizers import build_tokenizer
from phonograph.data.training_sampler import TrainingSampler

ALPHABET = " abcdefghijklmnopqrstuvwxyz'"
RATE = 16000
ROUNDS = 3  # the fastest counts: other programs share the machine

OPEN = """\
import json, resource, sys, time
from pathlib import Path
from phonograph.data.dataset import SpeechDataset
from phonograph.data.manifest_index import read_manifest
from phonograph.data.training_sampler import TrainingSampler
from phonograph.data.tokenizers import build_tokenizer
tokenizer = build_tokenizer({"type": "characters", "alphabet": " abcdefghijklmnopqrstuvwxyz'"})
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.perf_counter()
data = SpeechDataset(read_manifest(Path(sys.argv[1])), tokenizer, 16000)
print(json.dumps({"lines": len(data), "seconds": time.perf_counter() - start,
                  "grown_mib": peak() - before}))
"""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[10**n for n in range(3, 7)])
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    opened = [opening(lines) for lines in arguments.lines]
    print(f"{'lines':>9} {'seconds':>8} {'MiB grown':>9}")
    for row in opened:
        print(f"{row['lines']:>9,.0f} {row['seconds']:>8.2f} {row['grown_mib']:>9.1f}", flush=True)
    loaded = loading()
    print(f"\n{'loader':<20} {'utt/s':>8} {'audio s/s':>9}")
    for name, row in loaded.items():
        print(f"{name:<20} {row['utterances']:>8.0f} {row['audio']:>9.0f}")
    if arguments.json:
        figures = {"opening": opened, "loading": loaded}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def opening(lines: int) -> dict[str, float]:
    """Open a manifest of so many lines in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/a.wav", [0.0] * 16, RATE)
        path = Path(folder) / "train.jsonl"
        with path.open("w", encoding="utf-8") as stream:
            for number in range(lines):
                entry = {"audio_filepath": "a.wav", "duration": 1 + number % 97 / 10}
                entry |= {"id": f"utterance-{number}", "text": "turn left and say yes again"}
                stream.write(json.dumps(entry) + "\n")
        command = [sys.executable, "-c", OPEN, str(path)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(told)


def loading() -> dict[str, dict[str, float]]:
    """Read the shipped prompts in turns with and without our loader."""
    utterances = read_manifest(Path(recipes.__file__).parent / "asr/recipes/prompts/train.jsonl")
    audio = sum(utterance.duration for utterance in utterances)
    best = {"bare soundfile": 1e9, "loader, 0 workers": 1e9, "loader, 2 workers": 1e9}
    for _ in range(ROUNDS):
        took = (bare(utterances), ours(utterances, 0), ours(utterances, 2))
        best = {name: min(best[name], new) for name, new in zip(best, took, strict=True)}
    return {
        name: {"utterances": len(utterances) / seconds, "audio": audio / seconds}
        for name, seconds in best.items()
    }


def bare(utterances: Sequence[Utterance]) -> float:
    """Seconds of a loop that reads each file and does nothing else."""
    start = time.perf_counter()
    for utterance in utterances:
        soundfile.read(utterance.audio, dtype="float32")
    return time.perf_counter() - start


def ours(utterances: Sequence[Utterance], workers: int) -> float:
    """Seconds of an epoch of our training loader, the start of its workers not counted."""
    tokenizer = build_tokenizer({"type": "characters", "alphabet": ALPHABET})
    data = SpeechDataset(utterances, tokenizer, RATE)
    sampler = TrainingSampler(data.durations, seconds=60, seed=0)
    loader = Loader(data, sampler, workers=workers)
    if workers:
        sum(1 for _ in loader)  # starts the workers, which stay
    start = time.perf_counter()
    sum(1 for _ in loader)
    took = time.perf_counter() - start
    loader.close()
    return took


if __name__ == "__main__":
    main()
