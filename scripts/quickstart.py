#!/usr/bin/env python3
"""Set everything up and run phonograph's main job on the speech it ships.

The first run makes `.venv` beside this project and installs phonograph into it (one to two minutes
on a fast line); later runs start at once. What is made lies in `runs/`.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time

import environment

RECIPE = "phonograph://asr/prompts"
PROMPTS = "phonograph/collections/asr/recipes/prompts"
UNSEEN = [
    f"{PROMPTS}/audio/{name}.ogg"
    for name in ("vm-newuser", "auth-incorrect", "confbridge-inc-talk-vol-out")
]
BEFORE, AFTER = "runs/hama.phono", "runs/prompts/best.phono"
STEPS = [
    ("Prove the graph", ["check", RECIPE]),
    ("Look at it with everything solved", ["show", RECIPE]),
    ("Draw it, for any Mermaid viewer", ["show", RECIPE, "--format", "mermaid"]),
    ("Take the pretrained encoder out of `hama`", ["import", "hama", BEFORE, "--overwrite"]),
    ("Transcribe three unseen prompts: it writes phonemes", ["transcribe", BEFORE, *UNSEEN]),
    (
        "Train a new head on the shipped speech",
        ["train", RECIPE, f"init.from={BEFORE}", "--run", "runs/prompts", "--overwrite"],
    ),
    ("Evaluate on 100 unseen prompts", ["evaluate", AFTER, f"{PROMPTS}/test.jsonl", "--show", "3"]),
    ("Transcribe the same three again", ["transcribe", AFTER, *UNSEEN]),
]
CLOSING = f"""
The trained bundle is {AFTER}. What to try next, with .venv activated:

    phonograph transcribe {AFTER} YOUR_RECORDING
    phonograph train {RECIPE} init.from={BEFORE} train.seed=1 --run runs/second
    phonograph modules

docs/tutorial.md builds this graph from an empty file.
"""


def main() -> int:
    """Set up, run the steps, and give the exit status of the first that fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    environment.add_options(parser)
    options = parser.parse_args()
    environment.prepare(["hama"], cpu=options.cpu, torch=options.torch)
    (environment.ROOT / "runs").mkdir(exist_ok=True)
    heard: dict[str, dict[str, str]] = {}
    started = time.monotonic()
    for number, (title, arguments) in enumerate(STEPS, start=1):
        print(f"\n{number}/{len(STEPS)}  {title}\n$ phonograph {shlex.join(arguments)}", flush=True)
        step = time.monotonic()
        status, output = run(arguments)
        if status:
            print(f"That did not work (exit status {status}).")
            return status
        if arguments[0] == "transcribe":
            heard[arguments[1]] = dict(line.split("\t") for line in output.splitlines())
        print(f"({time.monotonic() - step:.1f} s)")
    compare(heard[BEFORE], heard[AFTER])
    print(f"\nAll of it took {time.monotonic() - started:.0f} s.\n{CLOSING}")
    return 0


def run(arguments: list[str]) -> tuple[int, str]:
    """Run `phonograph`; what `transcribe` prints is also given back."""
    command = [str(environment.program("phonograph")), *arguments]
    env = {**os.environ, "PYTHONUTF8": "1"}  # phonemes are not in every system's own alphabet
    shown = subprocess.PIPE if arguments[0] == "transcribe" else None
    done = subprocess.run(
        command, cwd=environment.ROOT, env=env, check=False, stdout=shown, encoding="utf-8"
    )
    output = done.stdout or ""
    print(output, end="")
    return done.returncode, output


def compare(before: dict[str, str], after: dict[str, str]) -> None:
    """Print what was heard before and after training beside what is said."""
    print("\nThe three unseen prompts:")
    for path, said in truth().items():
        print(f"\n  said    {said}\n  before  {before[path]}\n  after   {after[path]}")


def truth() -> dict[str, str]:
    """Read what is said in the unseen prompts."""
    manifest = environment.ROOT / PROMPTS / "test.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    texts = {f"{PROMPTS}/{row['audio_filepath']}": row["text"] for row in rows}
    return {path: texts[path] for path in UNSEEN}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
