"""The codes of preflight."""

import re
from pathlib import Path

import phonograph.training.preflight
from phonograph.data.faults import CODES as DATA_CODES
from phonograph.training.preflight.codes import CODES, WARNINGS, title_of


def test_every_code_is_used_and_every_used_one_is_in_a_table():
    folder = Path(phonograph.training.preflight.__path__[0])
    sources = [path for path in folder.glob("*.py") if path.name != "codes.py"]
    used = {
        code for path in sources for code in re.findall(r'"(PD\d{3})"', path.read_text("utf-8"))
    }
    assert set(CODES) <= used <= {*CODES, *DATA_CODES}
    assert not set(CODES) & set(DATA_CODES)


def test_warnings_are_codes_of_preflight_with_a_title():
    assert set(CODES) > WARNINGS
    assert title_of("PD011") == DATA_CODES["PD011"]
