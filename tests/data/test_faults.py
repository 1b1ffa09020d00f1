"""The error that tells every fault."""

import copy
import re
from pathlib import Path

import phonograph.data
from phonograph.data.faults import CODES, SHOWN, Faults, data_error
from phonograph.errors import Diagnostic


def test_a_few_faults_are_all_told():
    error = data_error([Diagnostic("PD011", "one"), Diagnostic("PD012", "two")])
    assert str(error) == "error[PD011]: one\n\nerror[PD012]: two"


def test_of_many_faults_the_first_are_told_and_the_others_counted():
    faults = [Diagnostic("PD011", str(number)) for number in range(SHOWN + 2)]
    error = data_error([*faults, Diagnostic("PD006", "gone")])
    assert error.diagnostics[:SHOWN] == tuple(faults[:SHOWN])
    assert str(error.diagnostics[-1]) == "error[PD000]: 3 more faults: 1 x PD006, 2 x PD011"


def test_all_can_be_kept_but_for_copies():
    faults = Faults(every=True)
    told = [Diagnostic("PD011", f"{number} \N{SNOWMAN}") for number in range(3 * SHOWN)]
    for fault in told:
        faults.add(fault)
    for _ in range(2):
        assert list(faults.every()) == [fault.to_json() for fault in told]
    other = copy.copy(faults)  # as another process would get it
    assert (len(other), len(list(other.every()))) == (3 * SHOWN, SHOWN)
    assert len(faults.first) == SHOWN


def test_every_code_in_the_source_is_in_the_table_and_the_other_way_round():
    folder = Path(phonograph.data.__path__[0])
    sources = [*folder.glob("*.py"), folder.parent / "cli" / "tokenizer.py"]
    used = {code for path in sources for code in _codes_in(path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def _codes_in(source: str) -> set[str]:
    without_table = re.sub(r'^ +"PD\d+": .*$', "", source, flags=re.MULTILINE)
    return set(re.findall(r'"(PD\d{3})"', without_table))
