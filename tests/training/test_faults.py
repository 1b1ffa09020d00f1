"""The codes of training."""

import re
from pathlib import Path

from phonograph.training import faults


def test_every_code_that_training_uses_is_explained_and_used():
    sources = [p for p in Path(faults.__file__).parent.rglob("*.py") if p.name != "faults.py"]
    used = {code for p in sources for code in re.findall(r'"(P[GT]\d{3})"', p.read_text("utf-8"))}
    assert used == set(faults.CODES)
