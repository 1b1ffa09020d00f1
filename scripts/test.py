#!/usr/bin/env python3
"""Run the tests, with all the set-up they need.

The first run makes `.venv` beside this project and installs phonograph with its test tools into it
(one to two minutes on a fast line); later runs start at once. As many tests run at a time as there
are processors. Other arguments go to pytest:

    python3 scripts/test.py
    python3 scripts/test.py tests/types -k solver
"""

import argparse
import subprocess
import sys

import environment


def main() -> int:
    """Set up, run pytest, and give its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [--cpu] [--torch SPEC] [arguments for pytest ...]",
        allow_abbrev=False,
    )
    environment.add_options(parser)
    options, for_pytest = parser.parse_known_args()
    python = environment.prepare(["hama", "test"], cpu=options.cpu, torch=options.torch)
    command = [str(python), "-m", "pytest", "-n", "auto", *for_pytest]
    return subprocess.run(command, cwd=environment.ROOT, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
