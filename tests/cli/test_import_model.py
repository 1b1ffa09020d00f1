import importlib.util
import re

import pytest

from phonograph.collections.asr import import_hama

needs_hama = pytest.mark.skipif(
    importlib.util.find_spec("hama") is None,
    reason='the optional package is not installed: pip install "phonograph[hama]"',
)


@needs_hama
def test_what_is_imported_transcribes(run, record):
    done = run("import", "hama", "sub/hama.phono")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"sub/hama\.phono: 2,\d{3},\d{3} parameters of hama", lines[0])
    assert lines[1:] == [
        "look at it:     phonograph show sub/hama.phono",
        "start from it:  phonograph train GRAPH init.from=sub/hama.phono",
    ]
    assert run("transcribe", "sub/hama.phono", str(record("a.wav"))).exit_code == 0


def test_a_file_that_exists_is_kept(run, bundle):
    done = run("import", "hama", bundle)
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PB020]: `small.phono` exists\n"
        "  --> small.phono\n"
        "   = help: choose another name, or add --overwrite\n"
    )


def test_an_unknown_source_is_wrong_usage(run):
    done = run("import", "hana", "x.phono")
    assert done.exit_code == 2
    assert "`hana` is not known; did you mean `hama`?" in done.stderr


def test_another_ending_is_wrong_usage(run):
    done = run("import", "hama", "x.zip")
    assert done.exit_code == 2
    assert "`x.zip` must end in .phono" in done.stderr


def test_a_missing_package_is_told_with_how_to_get_it(run, here, monkeypatch):
    monkeypatch.setattr(import_hama, "find_spec", lambda name: None)
    done = run("import", "hama", "x.phono")
    assert done.exit_code == 1
    assert 'pip install "phonograph[hama]"' in done.stderr
    assert list(here.iterdir()) == []
