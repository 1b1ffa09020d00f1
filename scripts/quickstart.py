#!/usr/bin/env python3
"""Set everything up and run phonograph's main job on the speech it ships.

The first run makes `.venv` beside this project and installs phonograph into it (one to two minutes
on a fast line); later runs start at once. What is made lies in `runs/`.
"""

import argparse
import json
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
STEPS = [
    ("Prove the graph", ["check", RECIPE]),
    ("Draw the graph", ["show", RECIPE, "--format", "mermaid"]),
    (
        "Take the pretrained encoder out of `hama`",
        ["import", "hama", "runs/hama.phono", "--overwrite"],
    ),
    ("Transcribe three unseen prompts with it", ["transcribe", "runs/hama.phono", *UNSEEN]),
    (
        "Train a new head on the shipped speech",
        ["train", RECIPE, "init.from=runs/hama.phono", "--run", "runs/prompts"],
    ),
    (
        "Evaluate on unseen prompts",
        ["evaluate", "runs/prompts/best.phono", f"{PROMPTS}/test.jsonl"],
    ),
    ("Transcribe the same three again", ["transcribe", "runs/prompts/best.phono", *UNSEEN]),
]
CLOSING = """
The trained bundle is runs/prompts/best.phono. To go on (with .venv activated):

    phonograph transcribe runs/prompts/best.phono YOUR_RECORDING
    phonograph show phonograph://asr/prompts
    phonograph train --help
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
    for number, (title, arguments) in enumerate(STEPS, start=1):
        print(f"\n{number}/{len(STEPS)}  {title}\n$ phonograph {shlex.join(arguments)}", flush=True)
        started = time.monotonic()
        command = [str(environment.program("phonograph")), *arguments]
        status = subprocess.run(command, cwd=environment.ROOT, check=False).returncode
        if status:
            print(f"That did not work (exit status {status}).")
            return status
        print(f"({time.monotonic() - started:.1f} s)")
    print("\nWhat is really said in the three:")
    for path, text in truth().items():
        print(f"  {path}: {text}")
    print(CLOSING)
    return 0


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
